/* mfi-pull order key|sign: at the regulator. Nothing is asked of the hub. */
#ifndef IHURIRO_AGENTS_PULL_PULL_ORDER_H
#define IHURIRO_AGENTS_PULL_PULL_ORDER_H

int order_command(int argc, char **argv); /* the exit code */

#endif
