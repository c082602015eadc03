#include "core/take/take_enrolment.h"

#include <assert.h>
#include <string.h>

#include "core/step/narrate.h"
#include "core/take/require.h"
#include "core/tell/tell_members.h"
#include "core/world/identity.h"
#include "core/world/standing.h"
#include "core/world/state.h"

/* What follows from an enrolment. */
enum outcome { NOTHING, BIND, DISPUTE };

struct verdict {
    enum outcome outcome;
    struct instance *instance; /* BIND, DISPUTE */
    uint8_t curve_key[ASG_KEY_BYTES];
    uint8_t tls_key[ASG_KEY_BYTES];
    struct asg_reply reply;
};

static void refuse(struct verdict *verdict, const char *code, const char *message)
{
    assert(message[0] != '\0');
    verdict->reply = (struct asg_reply){.is_set = true, .code = code, .message = message};
}

static void accept(struct verdict *verdict, const char *message)
{
    verdict->reply =
        (struct asg_reply){.is_set = true, .is_ok = true, .code = "", .message = message};
}

static bool has_keys(const struct instance *instance, const struct verdict *verdict)
{
    const struct identity *identity = instance->identity;
    return identity != NULL &&
           memcmp(identity->curve_key, verdict->curve_key, ASG_KEY_BYTES) == 0 &&
           memcmp(identity->tls_key, verdict->tls_key, ASG_KEY_BYTES) == 0;
}

/* Its proof is of the instance itself, or of the launch that the instance came from. */
static bool is_of_its_launch(const struct instance *instance,
                             const struct asg_enrolment *enrolment)
{
    return enrolment->job_id == 0 ||
           (enrolment->job_id == instance->launch.job_id &&
            enrolment->attempt == instance->launch.attempt &&
            enrolment->incarnation == instance->launch.incarnation);
}

/* Of an instance that is there, whose keys these are not. */
static void weigh_new(const struct asg_core *core, const struct asg_enrolment *enrolment,
                      struct instance *instance, struct asg_arena *arena,
                      struct verdict *verdict)
{
    const char *id = instance->id;
    assert(id[0] != '\0' && !has_keys(instance, verdict));
    if (!is_of_its_launch(instance, enrolment)) {
        refuse(
            verdict, "Denied",
            asg_arena_format(arena,
                             "the proof is for another launch than that of %s; if this "
                             "is the right instance, give it the line that `openasg "
                             "instance join-line %s` prints",
                             id, id));
        return;
    }
    if (enrolment->is_address_checked && instance->private_ip[0] == '\0') {
        refuse(verdict, "TryAgain",
               asg_arena_format(arena, "EC2 has not said yet which address %s has", id));
        return;
    }
    if (enrolment->is_address_checked &&
        strcmp(instance->private_ip, enrolment->address) != 0) {
        refuse(verdict, "Denied",
               asg_arena_format(arena,
                                "%s has another address than the one it is "
                                "enrolled from",
                                id));
        return;
    }
    if (instance->identity != NULL) {
        verdict->outcome = instance->identity->is_disputed ? NOTHING : DISPUTE;
        verdict->instance = instance;
        refuse(verdict, "Denied",
               asg_arena_format(arena,
                                "%s is enrolled with other keys; `openasg instance "
                                "rebind %s` forgets them if it was re-imaged",
                                id, id));
        return;
    }
    if (asg_identity_find(core, verdict->curve_key, verdict->tls_key) != NULL) {
        refuse(verdict, "Denied",
               asg_arena_format(arena, "%s uses a key that is bound to another instance",
                                id));
        return;
    }
    verdict->outcome = BIND;
    verdict->instance = instance;
    accept(verdict, asg_arena_format(arena, "%s is enrolled", id));
}

static void weigh(const struct asg_core *core, const struct asg_enrolment *enrolment,
                  struct asg_arena *arena, struct verdict *verdict)
{
    *verdict = (struct verdict){.outcome = NOTHING};
    struct group *group = NULL;
    struct instance *instance =
        enrolment->instance_id[0] != '\0'
            ? asg_instance_find(core, enrolment->instance_id, &group)
            : NULL;
    if (!asg_key_read_curve(enrolment->curve_key, verdict->curve_key) ||
        !asg_key_read_tls(enrolment->tls_key, verdict->tls_key)) {
        refuse(verdict, "ValidationError", "a key of the enrolment is malformed");
    } else if (instance == NULL) {
        refuse(verdict, "NotFound", "no group has an instance with that id yet");
    } else if (asg_instance_is_finished(instance)) {
        refuse(verdict, "Denied",
               asg_arena_format(arena, "%s was terminated or detached", instance->id));
    } else if (has_keys(instance, verdict)) {
        accept(verdict, asg_arena_format(arena, "%s is enrolled already", instance->id));
    } else {
        assert(instance->group == group);
        weigh_new(core, enrolment, instance, arena, verdict);
    }
    assert(verdict->reply.is_set);
    assert(verdict->outcome != BIND || verdict->reply.is_ok);
}

bool asg_take_weigh_enrolment(const struct asg_core *core,
                              const struct asg_enrolment *enrolment,
                              struct asg_arena *arena, struct asg_reply *ret)
{
    assert(core->step == NULL);
    struct verdict verdict;
    weigh(core, enrolment, arena, &verdict);
    *ret = verdict.reply;
    return verdict.outcome != NOTHING;
}

void asg_take_enrolment(struct asg_core *core, const struct asg_enrolment *enrolment)
{
    struct asg_effects *effects = core->step->effects;
    struct verdict verdict;
    assert(!effects->reply.is_set);
    weigh(core, enrolment, &effects->arena, &verdict);
    effects->reply = verdict.reply;
    struct instance *instance = verdict.instance;
    if (verdict.outcome == NOTHING) return;
    if (verdict.outcome == DISPUTE) {
        asg_identity_set_disputed(instance->identity, true);
        asg_alarm_raise(core, ASG_ALARM_ENROLMENT, instance->group, true,
                        "%s is enrolled, and other keys were asked for it from %s: it "
                        "was re-imaged (`openasg instance rebind %s`), or someone else "
                        "has its token",
                        instance->id, enrolment->address, instance->id);
        return;
    }
    assert(!asg_instance_is_finished(instance)); /* or nobody would be told */
    asg_identity_bind(core, instance, verdict.curve_key, verdict.tls_key);
    asg_tell_member_again(core, instance);
    asg_narrate_instance(core, ASG_DECISION_ENROLLED, instance->group, instance,
                         "%s is enrolled from %s, proven by %s: certificate %s",
                         instance->id, enrolment->address,
                         asg_enum_word(&asg_proof_words, (int)enrolment->proof),
                         enrolment->serial);
}

/* ---- an operator has keys forgotten ---- */

static void rebind(struct asg_core *core, const struct asg_command *command,
                   struct instance *instance)
{
    assert(instance->identity != NULL);
    if (instance->identity->is_disputed) {
        asg_alarm_raise(core, ASG_ALARM_ENROLMENT, instance->group, false,
                        "%s: its keys are forgotten", instance->id);
    }
    assert(!asg_instance_is_finished(instance)); /* as when it was bound */
    asg_identity_forget(core, instance);
    asg_tell_member_again(core, instance);
    asg_narrate_instance(core, ASG_DECISION_REBOUND, instance->group, instance,
                         "%s: its keys are forgotten, ordered by %s; its agent enrols "
                         "again",
                         instance->id, command->actor);
}

void asg_order_rebind(struct asg_core *core, const struct asg_command *command)
{
    const struct asg_texts *ids = &command->instance_ids;
    if (ids->count == 0) {
        asg_reply_refuse(core, "ValidationError", "name at least one instance to rebind");
        return;
    }
    struct group *group = NULL;
    for (size_t i = 0; i < ids->count; i++) {
        if (asg_take_require_instance(core, ids->items[i], &group) == NULL) return;
    }
    size_t bound = 0;
    for (size_t i = 0; i < ids->count; i++) {
        struct instance *instance = asg_instance_find(core, ids->items[i], &group);
        assert(instance != NULL);
        if (instance->identity == NULL) continue; /* or named twice */
        rebind(core, command, instance);
        bound++;
    }
    assert(bound <= ids->count);
    if (bound == 0) {
        asg_reply_accept(core, 0,
                         "no keys were bound to %s%s: its agent may enrol with any keys",
                         ids->items[0], ids->count > 1 ? " or the others" : "");
        return;
    }
    if (bound == ids->count) {
        asg_reply_accept(core, 0, "unbound the keys of %zu instance%s", bound,
                         bound == 1 ? "" : "s");
        return;
    }
    asg_reply_accept(core, 0, "unbound the keys of %zu instance%s; the other%s had none",
                     bound, bound == 1 ? "" : "s", ids->count - bound == 1 ? "" : "s");
}
