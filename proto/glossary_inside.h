/* The lists of glossary_*.c. Nobody else includes it. */
#ifndef IHURIRO_PROTO_GLOSSARY_INSIDE_H
#define IHURIRO_PROTO_GLOSSARY_INSIDE_H

#include "proto/glossary.h"

extern const struct field_text glossary_portfolio[];
extern const struct field_text glossary_liquidity[];
extern const struct field_text glossary_operations[];
extern const struct field_text glossary_capital[];
extern const struct field_text glossary_exposures[];

#endif
