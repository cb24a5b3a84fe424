/* What the operator of the hub does: enrols, gives and revokes keys, sets agreements. */
#include <sodium.h>
#include <string.h>

#include "tests/simulation/world.h"

struct act_event {
    PbEvent event;
    PbPartyAct party;
    PbKeysAct keys;
    Ihuriro__V1__AgreementAct agreement;
    ProtobufCBinaryData revoked;
    uint8_t nonce[16];
};

static const char *const currencies[] = {"RWF", "BIF"};

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* packed only */
}

static void fill_act(const struct operator_act *act, int64_t now_us, struct act_event *filled)
{
    *filled = (struct act_event){.event = IHURIRO__V1__EVENT__INIT,
                                 .party = IHURIRO__V1__PARTY_ACT__INIT,
                                 .keys = IHURIRO__V1__KEYS_ACT__INIT,
                                 .agreement = IHURIRO__V1__AGREEMENT_ACT__INIT};
    struct bytes key =
        bytes_of(signing_key_public(world_key(act->institution, act->value % GENERATIONS)),
                 PUBLIC_KEY_BYTES);
    randombytes_buf(filled->nonce, sizeof filled->nonce);
    filled->event.time_us = now_us;
    filled->event.nonce = pb_of_bytes(bytes_of(filled->nonce, sizeof filled->nonce));
    filled->event.subject = text(world_institution(act->institution));
    filled->revoked = pb_of_bytes(key);
    switch (act->kind) {
    case ACT_KEY:
        filled->event.keys = &filled->keys;
        filled->keys.has_signing_key = 1;
        filled->keys.signing_key = pb_of_bytes(key);
        break;
    case ACT_REVOKE:
        filled->event.keys = &filled->keys;
        filled->keys.n_revoked = 1;
        filled->keys.revoked = &filled->revoked;
        break;
    case ACT_SHARE:
        filled->event.agreement = &filled->agreement;
        filled->agreement.shares = act->value != 0;
        break;
    case ACT_CURRENCY:
    default:
        filled->event.party = &filled->party;
        filled->party.currency = text(currencies[act->value]);
        break;
    }
}

static void apply_to(struct standing *standing, const struct operator_act *act)
{
    switch (act->kind) {
    case ACT_KEY:
        standing->generation[act->institution] = act->value;
        standing->is_given[act->institution][act->value] = true;
        break;
    case ACT_REVOKE:
        standing->is_revoked[act->institution][act->value] = true;
        standing->revoked_us[act->institution][act->value] = act->time_us;
        break;
    case ACT_SHARE:
        standing->shares[act->institution] = act->value != 0;
        break;
    case ACT_CURRENCY:
    default:
        standing->currency[act->institution] = act->value;
        break;
    }
}

void acts_fold(const struct world *world, uint64_t acts, struct standing *ret_standing)
{
    memset(ret_standing, 0, sizeof *ret_standing);
    for (size_t i = 0; i < world->act_count; i++) {
        if ((acts >> i & 1) != 0) {
            apply_to(ret_standing, &world->acts[i]);
        }
    }
}

static bool write_event(struct world *world, PbEvent *event)
{
    AUTO(buffer_close) struct buffer raw = {0};
    struct complaint complaint = {{0}};
    uint64_t first = 0;
    uint64_t last = 0;
    if (!WELL(world, message_pack(&event->base, &raw))) {
        return false;
    }
    struct bytes bytes = buffer_bytes(&raw);
    enum err err = writer_acts(world->hub.writer, &bytes, 1, &complaint, &first, &last);
    if (err != ERR_OK) {
        world_break(world, "an act is not taken: %.300s", complaint.text);
    }
    return err == ERR_OK;
}

/* In acts.log from here on, whether or not the turn is committed. */
void hub_act(struct world *world, struct operator_act act, enum hub_end end)
{
    static const char *const kinds[] = {"key", "revocation", "agreement", "currency"};
    struct turn_writes turn = {.count = 0};
    struct act_event filled;
    if (world->act_count == ACTS_MAX || !hub_begin(world)) {
        return;
    }
    int64_t last_us = world->act_count > 0 ? world->acts[world->act_count - 1].time_us : 0;
    act.time_us = world->hub.ingest.now_us > last_us ? world->hub.ingest.now_us : last_us + 1;
    fill_act(&act, act.time_us, &filled);
    world_say(world, "operator: %s %u of %s", kinds[act.kind], act.value,
              world_institution(act.institution));
    if (write_event(world, &filled.event)) {
        world->hub.journal_acts |= UINT64_C(1) << world->act_count;
        world->hub.log_acts |= UINT64_C(1) << world->act_count;
        world->acts[world->act_count++] = act;
        acts_fold(world, world->hub.log_acts, &world->hub.standing);
        acts_fold(world, UINT64_MAX, &world->wanted);
    }
    hub_end(world, &turn, end);
}

static void act_if(struct world *world, bool is_missing, struct operator_act act)
{
    if (is_missing && !world->is_broken) {
        hub_act(world, act, HUB_GOES_ON);
    }
}

/* A key that the hub does not know (any more) is given first, then revoked. */
static void revoke_again(struct world *world, size_t institution, uint8_t generation)
{
    const struct standing *is = &world->hub.standing;
    act_if(world, generation > 0 && !is->is_given[institution][generation],
           (struct operator_act){ACT_KEY, institution, generation, 0});
    act_if(world, true, (struct operator_act){ACT_REVOKE, institution, generation, 0});
}

void hub_repeat_acts(struct world *world)
{
    const struct standing wanted = world->wanted;
    const struct standing *is = &world->hub.standing;
    for (size_t i = 0; i < world->institution_count; i++) {
        for (uint8_t k = 0; k < GENERATIONS; k++) {
            if (wanted.is_revoked[i][k] && !is->is_revoked[i][k]) {
                revoke_again(world, i, k);
            }
        }
        act_if(world, wanted.generation[i] != is->generation[i],
               (struct operator_act){ACT_KEY, i, wanted.generation[i], 0});
        act_if(world, wanted.shares[i] != is->shares[i],
               (struct operator_act){ACT_SHARE, i, wanted.shares[i], 0});
        act_if(world, wanted.currency[i] != is->currency[i],
               (struct operator_act){ACT_CURRENCY, i, wanted.currency[i], 0});
    }
}

/* ---- the beginning ---- */

static void enrol(struct world *world, const char *id, int role, const uint8_t *signing,
                  uint8_t transport)
{
    struct act_event filled = {.event = IHURIRO__V1__EVENT__INIT,
                               .party = IHURIRO__V1__PARTY_ACT__INIT,
                               .keys = IHURIRO__V1__KEYS_ACT__INIT};
    uint8_t user[PUBLIC_KEY_BYTES];
    memset(user, transport, sizeof user);
    randombytes_buf(filled.nonce, sizeof filled.nonce);
    filled.event.time_us = world->hub.ingest.now_us;
    filled.event.nonce = pb_of_bytes(bytes_of(filled.nonce, sizeof filled.nonce));
    filled.event.subject = text(id);
    filled.event.party = &filled.party;
    filled.party.has_role = 1;
    filled.party.role = (Ihuriro__V1__PartyAct__Role)role;
    filled.party.name = text("a party");
    filled.party.currency = text(currencies[0]);
    filled.party.has_reports_from_day = role == ROLE_MEMBER;
    filled.party.reports_from_day = DUTIES_FROM_DAY;
    (void)write_event(world, &filled.event);
    filled.event.party = NULL;
    filled.event.keys = &filled.keys;
    filled.keys.has_signing_key = signing != NULL;
    filled.keys.signing_key =
        pb_of_bytes(bytes_of(signing, signing != NULL ? PUBLIC_KEY_BYTES : 0));
    filled.keys.has_transport_key = 1;
    filled.keys.transport_key = pb_of_bytes(bytes_of(user, sizeof user));
    (void)write_event(world, &filled.event);
}

static void give_settings(struct world *world)
{
    PbSettings settings = IHURIRO__V1__SETTINGS__INIT;
    PbEvent event = IHURIRO__V1__EVENT__INIT;
    uint64_t seq = 0;
    Ihuriro__V1__Currency rows[] = {IHURIRO__V1__CURRENCY__INIT, IHURIRO__V1__CURRENCY__INIT};
    Ihuriro__V1__Currency *pointers[] = {&rows[0], &rows[1]};
    for (size_t i = 0; i < 2; i++) {
        rows[i].code = text(currencies[i]);
    }
    settings.format = 1;
    settings.country = text("RW");
    settings.version = text("simulated");
    settings.currencies = pointers;
    settings.n_currencies = 2;
    PbObligation monthly = IHURIRO__V1__OBLIGATION__INIT;
    PbObligation *obligation = &monthly;
    monthly.id = text("OPERATIONS-M");
    monthly.type = text("OPERATIONS");
    monthly.frequency = text("M");
    monthly.wants = IHURIRO__V1__OBLIGATION__WANTS__ANY;
    monthly.due_days = DUTIES_DUE_DAYS;
    monthly.due_minutes = 12 * 60;
    settings.obligations = &obligation;
    settings.n_obligations = 1;
    event.settings = &settings;
    (void)WELL(world, writer_new_event(world->hub.writer, &event, &seq));
}

bool hub_create(struct world *world)
{
    struct hub_side *hub = &world->hub;
    struct complaint complaint = {{0}};
    struct turn_writes turn = {.count = 0};
    struct store_meta meta = {.origin = "hub.simulated", .created_us = 1};
    const uint8_t *log_key = signing_key_public(world_log_key());
    memcpy(hub->identity.origin, meta.origin, sizeof meta.origin);
    memcpy(hub->identity.log_keys[0], log_key, PUBLIC_KEY_BYTES);
    hub->identity.log_key_count = 1;
    memcpy(meta.log_key, log_key, PUBLIC_KEY_BYTES);
    if (!WELL(world, store_create(hub->store_path, &meta, &complaint)) || !hub_start(world) ||
        !hub_begin(world)) {
        return false;
    }
    give_settings(world);
    for (size_t i = 0; i < world->institution_count; i++) {
        enrol(world, world_institution(i), ROLE_MEMBER, signing_key_public(world_key(i, 0)),
              world->transport[i]);
    }
    enrol(world, "BNR", ROLE_REGULATOR, NULL, 0xB0);
    enrol(world, "AMIR", ROLE_ASSOCIATION, NULL, 0xA0);
    hub_end(world, &turn, HUB_GOES_ON);
    return !world->is_broken;
}

/* ---- what an operator may do at any time ---- */

static enum hub_end any_end(struct world *world)
{
    return chance_is(&world->chance, 4)   ? HUB_DIES_BEFORE_COMMIT
           : chance_is(&world->chance, 4) ? HUB_DIES_AFTER_COMMIT
                                          : HUB_GOES_ON;
}

/* The operator and the agent change the key in either order; a copy may stay with the old one. */
bool operator_rotates(struct world *world)
{
    size_t institution = chance_below(&world->chance, world->institution_count);
    uint8_t next = (uint8_t)(world->wanted.generation[institution] + 1);
    if (next >= GENERATIONS) {
        return false;
    }
    hub_act(world, (struct operator_act){ACT_KEY, institution, next, 0}, any_end(world));
    return true;
}

/* A key is revoked, and another one given: as an operator does. */
bool operator_revokes(struct world *world)
{
    size_t institution = chance_below(&world->chance, world->institution_count);
    uint8_t is = world->hub.standing.generation[institution];
    uint8_t next = (uint8_t)(world->wanted.generation[institution] + 1);
    if (next >= GENERATIONS || world->hub.standing.is_revoked[institution][is]) {
        return false;
    }
    hub_act(world, (struct operator_act){ACT_REVOKE, institution, is, 0}, any_end(world));
    hub_act(world, (struct operator_act){ACT_KEY, institution, next, 0}, HUB_GOES_ON);
    return true;
}

bool operator_shares(struct world *world)
{
    size_t institution = chance_below(&world->chance, world->institution_count);
    hub_act(world,
            (struct operator_act){ACT_SHARE, institution, !world->wanted.shares[institution], 0},
            any_end(world));
    return true;
}

/* The registration changes: what was right is wrong now, and the other way round. */
bool operator_registers(struct world *world)
{
    world->rules_changed = true;
    size_t institution = chance_below(&world->chance, world->institution_count);
    hub_act(
        world,
        (struct operator_act){ACT_CURRENCY, institution, !world->wanted.currency[institution], 0},
        any_end(world));
    return true;
}
