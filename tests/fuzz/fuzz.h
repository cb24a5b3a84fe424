/* What every fuzz target shares: reading decisions from the input, a folder for parsers that read
 * files, properties that end the target when they do not hold, and seeds.
 *
 * A target is one file NAME_fuzz.c with LLVMFuzzerTestOneInput and fuzz_seeds. Started with
 * FUZZ_SEEDS=FOLDER it writes its seeds there, genuine samples made by the product's own code, and
 * ends. */
#ifndef IHURIRO_TESTS_FUZZ_FUZZ_H
#define IHURIRO_TESTS_FUZZ_FUZZ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ftw.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proto/bytes.h"
#include "proto/keys.h"
#include "proto/messages.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The target's own: writes seeds with fuzz_seed. */
static void fuzz_seeds(void);

/* A stated property. abort, so that libFuzzer keeps the input and shows the place. */
#define HOLD(condition)                                                                  \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            (void)fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, \
                          #condition);                                                   \
            abort();                                                                     \
        }                                                                                \
    } while (0)
#define HOLD_OK(call) HOLD((call) == ERR_OK)

/* ---- the input, from its beginning ---- */

struct input {
    const uint8_t *at;
    size_t left;
};

static inline struct bytes input_take(struct input *input, size_t size)
{
    size = size < input->left ? size : input->left;
    struct bytes bytes = bytes_of(input->at, size);
    input->at += size;
    input->left -= size;
    return bytes;
}

/* 0 behind the end. */
static inline uint8_t input_byte(struct input *input)
{
    struct bytes bytes = input_take(input, 1);
    return bytes.size == 1 ? bytes.data[0] : 0;
}

static inline uint64_t input_number(struct input *input, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | input_byte(input);
    }
    return number;
}

/* Two octets of length (no more than is left), then so many bytes. */
static inline struct bytes input_chunk(struct input *input)
{
    size_t size = input_number(input, 2);
    return input_take(input, size);
}

static inline struct bytes input_rest(struct input *input)
{
    return input_take(input, input->left);
}

/* The same for writers of seeds. */
static inline void put_chunk(struct buffer *out, struct bytes chunk)
{
    uint8_t size[2];
    put_u16(size, (uint16_t)chunk.size);
    HOLD_OK(buffer_append(out, size, sizeof size));
    HOLD_OK(buffer_append(out, chunk.data, chunk.size));
}

static inline void put_byte(struct buffer *out, uint8_t byte)
{
    HOLD_OK(buffer_append(out, &byte, 1));
}

/* A copy that ends where the bytes end, so that reading beyond them is found; NUL behind it. */
static inline char *text_of(struct bytes bytes)
{
    char *text = malloc(bytes.size + 1);
    HOLD(text != NULL);
    if (bytes.size > 0) {
        memcpy(text, bytes.data, bytes.size);
    }
    text[bytes.size] = '\0';
    return text;
}

/* ---- files ---- */

static char fuzz_folder[64];

static inline const char *fuzz_path(const char *name, char path[static 128])
{
    (void)snprintf(path, 128, "%s/%s", fuzz_folder, name);
    return path;
}

/* In memory where the system has such a place: the parsers are looked for, not the disk. */
static inline void fuzz_folder_make(void)
{
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(fuzz_folder, sizeof fuzz_folder, "%s/ihuriro-fuzz-XXXXXX", parent);
    HOLD(mkdtemp(fuzz_folder) != NULL);
}

static inline void fuzz_write(const char *path, struct bytes bytes, unsigned mode)
{
    (void)unlink(path);
    FILE *file = fopen(path, "wb");
    HOLD(file != NULL);
    HOLD(fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    HOLD(fclose(file) == 0);
    HOLD(chmod(path, mode) == 0);
}

static inline void fuzz_read(const char *path, struct buffer *bytes)
{
    uint8_t block[4096];
    size_t got = 0;
    FILE *file = fopen(path, "rb");
    HOLD(file != NULL);
    buffer_clear(bytes);
    while ((got = fread(block, 1, sizeof block, file)) > 0) {
        HOLD_OK(buffer_append(bytes, block, got));
    }
    HOLD(fclose(file) == 0);
}

static inline int fuzz_remove_one(const char *path, const struct stat *status, int kind,
                                  struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline void fuzz_folder_remove(void)
{
    if (fuzz_folder[0] != '\0') {
        (void)nftw(fuzz_folder, fuzz_remove_one, 8, FTW_DEPTH | FTW_PHYS);
        fuzz_folder[0] = '\0';
    }
}

/* ---- keys ---- */

static inline struct signing_key *fuzz_key(uint8_t byte)
{
    uint8_t seed[32];
    struct signing_key *key = NULL;
    memset(seed, byte, sizeof seed);
    HOLD_OK(signing_key_from_seed(seed, &key));
    return key;
}

/* ---- seeds ---- */

static inline void fuzz_seed(const char *name, struct bytes bytes)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", getenv("FUZZ_SEEDS"), name);
    fuzz_write(path, bytes, 0644);
}

/* libconfig 1.5 forgets the text of a string in a file that does not parse: a few bytes, once in a
 * process that then ends. All other leaks count. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so\n";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    HOLD_OK(keys_init());
    fuzz_folder_make();
    HOLD(atexit(fuzz_folder_remove) == 0);
    if (getenv("FUZZ_SEEDS") != NULL) {
        fuzz_seeds();
        exit(0);
    }
    return 0;
}

#endif
