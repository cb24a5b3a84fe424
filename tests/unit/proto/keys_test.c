#include "tests/support/samples.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ihuriro-keys-XXXXXX");
    return keys_init() == ERR_OK && mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text, size_t size, mode_t mode)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, size), (ssize_t)size);
    assert_int_equal(fchmod(file, mode), 0);
    assert_int_equal(close(file), 0);
}

static enum err read_key(const char *path, enum key_kind kind, struct complaint *complaint)
{
    AUTO(signing_key_close) struct signing_key *key = NULL;
    enum err err = signing_key_read(path, kind, complaint, &key);
    assert_true((err == ERR_OK) == (key != NULL));
    return err;
}

static void a_signing_key_survives_its_file_and_is_written_for_its_owner_only(void **state)
{
    (void)state;
    for (int kind = KEY_SIGNING; kind <= KEY_LOG; kind++) {
        AUTO(signing_key_close) struct signing_key *key = NULL;
        AUTO(signing_key_close) struct signing_key *again = NULL;
        struct complaint complaint;
        struct stat status;
        const char *path = path_of("key");
        assert_int_equal(signing_key_make(&key), ERR_OK);
        assert_int_equal(signing_key_write(key, (enum key_kind)kind, path, &complaint), ERR_OK);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0400);
        assert_int_equal(signing_key_read(path, (enum key_kind)kind, &complaint, &again), ERR_OK);
        assert_memory_equal(signing_key_public(key), signing_key_public(again), PUBLIC_KEY_BYTES);
        uint8_t signature[SIGNATURE_BYTES];
        signing_key_sign(again, bytes_of("abc", 3), signature);
        assert_int_equal(signature_verify(signing_key_public(key), bytes_of("abc", 3), signature),
                         ERR_OK);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_key_file_is_never_overwritten(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(1);
    AUTO(transport_key_close) struct transport_key *transport = NULL;
    struct complaint complaint;
    const char *path = path_of("key");
    assert_int_equal(transport_key_make(&transport), ERR_OK);
    write_file(path, "precious", 8, 0600);
    assert_int_equal(signing_key_write(key, KEY_SIGNING, path, &complaint), ERR_EXISTS);
    assert_non_null(strstr(complaint.text, "never overwritten"));
    assert_int_equal(transport_key_write(transport, path, &complaint), ERR_EXISTS);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 8);
    assert_int_equal(unlink(path), 0);
    /* nor through a link that points nowhere yet */
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(signing_key_write(key, KEY_SIGNING, path, &complaint), ERR_EXISTS);
    assert_int_equal(unlink(path), 0);
}

static void a_folder_that_is_not_there_is_a_complaint(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = seeded_key(1);
    struct complaint complaint;
    assert_int_equal(signing_key_write(key, KEY_SIGNING, path_of("none/key"), &complaint), ERR_IO);
    assert_non_null(strstr(complaint.text, "cannot be created"));
}

static void only_a_file_of_its_owner_alone_is_read(void **state)
{
    (void)state;
    static const mode_t bad[] = {0440, 0404, 0420, 0402, 0410, 0401, 0644, 0600 | 0040};
    static const mode_t good[] = {0400, 0600, 0700};
    char line[128];
    struct complaint complaint;
    const char *path = path_of("key");
    (void)snprintf(line, sizeof line, "ihuriro-signing-key %064d\n", 7);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(path, line, strlen(line), bad[i]);
        assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
        assert_non_null(strstr(complaint.text, "chmod 0400"));
        assert_int_equal(unlink(path), 0);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        write_file(path, line, strlen(line), good[i]);
        assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_OK);
        assert_int_equal(unlink(path), 0);
    }
    if (geteuid() == 0) { /* only then can there be a file of somebody else */
        write_file(path, line, strlen(line), 0400);
        assert_int_equal(chown(path, 12345, 0), 0);
        assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
        assert_non_null(strstr(complaint.text, "another user"));
        assert_int_equal(unlink(path), 0);
    }
}

static void links_pipes_folders_and_nothing_are_not_read(void **state)
{
    (void)state;
    struct complaint complaint;
    char target[128];
    strcpy(target, path_of("target"));
    write_file(target, "x\n", 2, 0400);
    const char *path = path_of("key");
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
    assert_non_null(strstr(complaint.text, "There is no key file"));
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
    assert_non_null(strstr(complaint.text, "symbolic link"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0400), 0);
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0500), 0);
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(unlink(target), 0);
}

#define HEX64 "00000000000000000000000000000000000000000000000000000000000000ab"

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"", 0},
        {"\n", 1},
        {"ihuriro-signing-key " HEX64, 84},        /* no newline */
        {"ihuriro-signing-key " HEX64 "\n\n", 86}, /* two lines */
        {"ihuriro-signing-key " HEX64 " \n", 86},  /* something behind */
        {"ihuriro-signing-key  " HEX64 "\n", 86},  /* two spaces */
        {"ihuriro-signing-key" HEX64 "\n", 84},    /* none */
        {"ihuriro-log-key " HEX64 "\n", 81},       /* of another kind */
        {"ihuriro-signing-key zz" HEX64 "\n", 87}, /* not hex */
        {"ihuriro-signing-key \0" HEX64 "\n", 86}, /* a NUL */
        {"-----BEGIN PRIVATE KEY-----\n", 28},
    };
    static char long_line[4096];
    struct complaint complaint;
    const char *path = path_of("key");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file(path, rows[i].text, rows[i].size, 0400);
        assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
        assert_int_equal(unlink(path), 0);
    }
    memset(long_line, 'a', sizeof long_line);
    write_file(path, long_line, sizeof long_line, 0400);
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
    assert_int_equal(unlink(path), 0);
    write_file(path, "ihuriro-signing-key " HEX64 "\n", 85, 0400);
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_OK);
    assert_int_equal(read_key(path, KEY_LOG, &complaint), ERR_KEY);
    assert_non_null(strstr(complaint.text, "ihuriro-log-key"));
    assert_int_equal(unlink(path), 0);
}

static void a_transport_key_survives_its_file(void **state)
{
    (void)state;
    AUTO(transport_key_close) struct transport_key *key = NULL;
    AUTO(transport_key_close) struct transport_key *again = NULL;
    struct complaint complaint;
    const char *path = path_of("transport");
    assert_int_equal(transport_key_make(&key), ERR_OK);
    assert_int_equal(transport_key_write(key, path, &complaint), ERR_OK);
    assert_int_equal(transport_key_read(path, &complaint, &again), ERR_OK);
    assert_memory_equal(transport_key_public(key), transport_key_public(again), PUBLIC_KEY_BYTES);
    assert_int_equal(read_key(path, KEY_SIGNING, &complaint), ERR_KEY);
    assert_int_equal(unlink(path), 0);
}

static void a_pair_that_is_none_is_refused(void **state)
{
    (void)state;
    AUTO(transport_key_close) struct transport_key *key = NULL;
    char z85[Z85_KEY_CHARS + 1];
    char line[128];
    struct complaint complaint;
    const char *path = path_of("transport");
    assert_int_equal(transport_key_make(&key), ERR_OK);
    transport_key_z85(transport_key_public(key), z85);
    (void)snprintf(line, sizeof line, "ihuriro-transport-key %s %s\n", z85, z85);
    write_file(path, line, strlen(line), 0400);
    AUTO(transport_key_close) struct transport_key *again = NULL;
    assert_int_equal(transport_key_read(path, &complaint, &again), ERR_KEY);
    assert_null(again);
    assert_int_equal(unlink(path), 0);
}

static void z85_is_taken_in_its_one_form_only(void **state)
{
    (void)state;
    uint8_t key[PUBLIC_KEY_BYTES] = {0};
    uint8_t again[PUBLIC_KEY_BYTES];
    char text[Z85_KEY_CHARS + 1];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 37 + 200);
    }
    transport_key_z85(key, text);
    assert_int_equal(strlen(text), Z85_KEY_CHARS);
    assert_int_equal(transport_key_parse(text, again), ERR_OK);
    assert_memory_equal(key, again, sizeof key);
    static const char *const bad[] = {
        "",
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf",   /* one short */
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf77", /* one long */
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\"", /* not in the alphabet */
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8\xC3\xA9 7",
        "########################################", /* groups that overflow 32 bits */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(transport_key_parse(bad[i], again), ERR_MALFORMED);
    }
    assert_int_equal(transport_key_parse("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", again),
                     ERR_OK);
}

static void a_seed_gives_the_key_of_rfc_8032(void **state)
{
    (void)state;
    AUTO(signing_key_close) struct signing_key *key = NULL;
    uint8_t seed[32];
    uint8_t signature[SIGNATURE_BYTES];
    char hex[2 * SIGNATURE_BYTES + 1];
    assert_int_equal(
        hex_decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, 32),
        ERR_OK);
    assert_int_equal(signing_key_from_seed(seed, &key), ERR_OK);
    hex_encode(bytes_of(signing_key_public(key), PUBLIC_KEY_BYTES), hex);
    assert_string_equal(hex, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    signing_key_sign(key, bytes_of(NULL, 0), signature);
    hex_encode(bytes_of(signature, sizeof signature), hex);
    assert_string_equal(hex, "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                             "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

static void sockets_get_curve_and_a_domain_that_is_enforced(void **state)
{
    (void)state;
    AUTO(transport_key_close) struct transport_key *key = NULL;
    uint8_t held[PUBLIC_KEY_BYTES];
    char domain[32];
    int value = 0;
    size_t size = sizeof value;
    void *context = zmq_ctx_new();
    void *server = zmq_socket(context, ZMQ_ROUTER);
    void *client = zmq_socket(context, ZMQ_DEALER);
    assert_int_equal(transport_key_make(&key), ERR_OK);
    assert_int_equal(transport_key_serve(key, "ingest", server), ERR_OK);
    assert_int_equal(zmq_getsockopt(server, ZMQ_CURVE_SERVER, &value, &size), 0);
    assert_int_equal(value, 1);
    assert_int_equal(zmq_getsockopt(server, 93, &value, &size), 0); /* ZAP_ENFORCE_DOMAIN */
    assert_int_equal(value, 1);
    size = sizeof domain;
    assert_int_equal(zmq_getsockopt(server, ZMQ_ZAP_DOMAIN, domain, &size), 0);
    assert_string_equal(domain, "ingest");

    assert_int_equal(transport_key_connect(key, transport_key_public(key), client), ERR_OK);
    size = sizeof held;
    assert_int_equal(zmq_getsockopt(client, ZMQ_CURVE_SERVERKEY, held, &size), 0);
    assert_memory_equal(held, transport_key_public(key), sizeof held);
    size = sizeof value;
    assert_int_equal(zmq_getsockopt(client, ZMQ_MECHANISM, &value, &size), 0);
    assert_int_equal(value, ZMQ_CURVE);
    assert_int_equal(zmq_close(client), 0);
    assert_int_equal(zmq_close(server), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signing_key_survives_its_file_and_is_written_for_its_owner_only),
        cmocka_unit_test(a_key_file_is_never_overwritten),
        cmocka_unit_test(a_folder_that_is_not_there_is_a_complaint),
        cmocka_unit_test(only_a_file_of_its_owner_alone_is_read),
        cmocka_unit_test(links_pipes_folders_and_nothing_are_not_read),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_transport_key_survives_its_file),
        cmocka_unit_test(a_pair_that_is_none_is_refused),
        cmocka_unit_test(z85_is_taken_in_its_one_form_only),
        cmocka_unit_test(a_seed_gives_the_key_of_rfc_8032),
        cmocka_unit_test(sockets_get_curve_and_a_domain_that_is_enforced),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
