/* A party as an operator writes it down, on a command line or in a row of a file, and the acts that
 * make it so. */
#ifndef IHURIRO_HUB_PARTY_WORDS_H
#define IHURIRO_HUB_PARTY_WORDS_H

#include "proto/registry.h"

enum party_word {
    WORD_ROLE,
    WORD_NAME,
    WORD_CATEGORY,
    WORD_DISTRICT,
    WORD_CURRENCY,
    WORD_SIGNING_KEY,
    WORD_TRANSPORT_KEY,
    WORD_AGREEMENT,
    WORD_VALID_FROM,
    WORD_VALID_TO,
    WORD_REPORTS_FROM,
    WORD_STATUS,
    WORD_STATUS_FROM,
    WORD_PEER_GROUP,
    WORD_BUREAU,
    WORD_LE_BOOK,
    WORD_LEI,
    WORD_LICENCE,
    WORD_COOPERATIVE,
    WORD_TIN,
    WORD_ASSETS,
    WORD_ASSETS_ON,
    PARTY_WORDS,
};

struct party_words {
    const char *items[PARTY_WORDS]; /* NULL: not given; a view */
};

const char *party_word_name(enum party_word word); /* "signing-key" */

/* What the words are read against. */
struct party_ground {
    const PbSettings *settings; /* in force; NULL: none, and no code is unknown */
    const struct party *party;  /* as it stands, or NULL */
    const char *prefix;         /* of a word in a complaint: "--" */
};

/* Up to three acts, each seen by those who may see it, all or none. The words are viewed. */
struct party_change {
    PbPartyAct party;
    PbKeysAct keys;
    Ihuriro__V1__AgreementAct agreement;
    bool has_agreement;
    uint8_t signing_key[PUBLIC_KEY_BYTES];
    uint8_t transport_key[PUBLIC_KEY_BYTES];
    PbEvent events[3];
    PbEvent *list[3];
    size_t count;
};

/* "none" takes back a day, "" a text that may be missing. ERR_USAGE with a sentence: nothing was
 * made of it. A change must not be moved once it is read. */
MUST_USE enum err party_change_read(const struct party_words *words,
                                    const struct party_ground *ground, struct complaint *complaint,
                                    struct party_change *change);
/* Leaves out what stands already. */
void party_change_reduce(struct party_change *change, const struct party *party);
/* Does it (still) say this word? */
bool party_change_says(const struct party_change *change, enum party_word word);
/* What stands, as a word that would say it; of a key, and where nothing stands, "". */
#define PARTY_WORD_TEXT_MAX (TEXT_BYTES_MAX + 1)
void party_word_standing(const struct party *party, enum party_word word,
                         const PbSettings *settings, char ret_text[static PARTY_WORD_TEXT_MAX]);
/* Makes its events, of an id that is viewed; count 0: nothing is to change. */
void party_change_events(struct party_change *change, const char *id);

#endif
