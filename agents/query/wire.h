/* What `mfi-query --serve` and mfi-agent say to one another: names of queries, a line each, on its
 * input; frames on its output. A frame is its kind (one byte), its size (four, big-endian), and so
 * many bytes. The first is a LIST, or one of the two of trouble, after which nothing comes. */
#ifndef IHURIRO_AGENTS_QUERY_WIRE_H
#define IHURIRO_AGENTS_QUERY_WIRE_H

#define QUERY_HEAD_BYTES  5
#define QUERY_BYTES_LARGE (16 * 1024 * 1024) /* no frame is larger */

enum query_frame {
    QUERY_LIST = 'L',    /* system, version, and the names of the queries, a line each */
    QUERY_PART = 'P',    /* of a result, CSV */
    QUERY_END = 'E',     /* of a result; empty */
    QUERY_TROUBLE = 'T', /* what is wrong, a sentence */
    QUERY_LATER = 'B',   /* the same, where time may put it right */
};

#endif
