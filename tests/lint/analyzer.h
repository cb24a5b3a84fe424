/* Included before every file that tests/lint/tidy reads: what the analyzer has to know. */
#ifndef IHURIRO_TESTS_LINT_ANALYZER_H
#define IHURIRO_TESTS_LINT_ANALYZER_H

#include "proto/errors.h"

/* It returns its err, so that after it nothing is ERR_OK. */
#define complain(complaint, err, ...) ((void)(complain)(complaint, err, __VA_ARGS__), (err))

#endif
