#include "controller/look_up.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "controller/kept_answers.h"
#include "model/check_texts.h"
#include "model/copy.h"
#include "model/schemas.h"

#define TRIED_MAX 8 /* workers that are asked one question */
#define OTHERS    3 /* another worker after this part of the time */
#define SHARE     4 /* one asker has at most this part of the questions */
#define BUSY_MS   50
#define AGAIN_MS  50 /* until a worker is looked for again that is not there yet */

/* Whose questions wait, and how many. */
struct asker {
    struct asker *next;
    size_t waiting;
    char name[];
};

/* One who asked. */
struct waiter {
    struct waiter *next;
    struct asker *asker;    /* NULL: nobody's */
    struct asg_arena arena; /* with the question */
    struct asg_question question;
    int64_t deadline_ms; /* from now until it is taken in, then monotonic */
    asg_told_fn *told;
    void *context;
};

/* One question under way, for all who asked it. */
struct inquiry {
    struct inquiry *next;
    struct waiter *waiters; /* the first one's arena holds `question` and `key` */
    const struct asg_question *question;
    const char *key;
    uint64_t question_no;
    uint32_t tried[TRIED_MAX]; /* workers, and whether each has given up */
    bool has_failed[TRIED_MAX];
    size_t tried_count;
    int64_t ask_at_ms;      /* of the next worker */
    struct asg_arena arena; /* of `why` */
    bool lacks_rate;        /* it waits for EC2's request rate */
    const char *why;        /* the last one that was asked could not say; NULL */
    const char *code;
};

struct asg_look_up {
    struct asg_look_up_options options;
    struct asg_kept_answers kept;
    struct inquiry *inquiries;
    uint64_t last_no;
    struct asg_look_up_counts counts; /* the loop's, but for `waiting` */
    pthread_mutex_t lock;             /* of what follows */
    struct waiter *fresh;             /* newest last */
    struct waiter **fresh_end;
    struct asker *askers; /* with a question that waits */
    size_t waiting;
    bool is_closed;
};

void asg_look_up_new(const struct asg_look_up_options *options, struct asg_look_up **ret)
{
    struct asg_look_up *look_up = asg_alloc(1, sizeof *look_up);
    look_up->options = *options;
    look_up->kept = (struct asg_kept_answers){.most = options->kept_max,
                                              .long_ms = options->kept_ms,
                                              .short_ms = options->kept_changing_ms};
    look_up->fresh_end = &look_up->fresh;
    (void)pthread_mutex_init(&look_up->lock, NULL);
    *ret = look_up;
}

void asg_look_up_destroy(struct asg_look_up **look_up)
{
    if (*look_up == NULL) return;
    asg_look_up_close(*look_up);
    asg_kept_answers_clear(&(*look_up)->kept);
    (void)pthread_mutex_destroy(&(*look_up)->lock);
    free(*look_up);
    *look_up = NULL;
}

/* ---- from any thread ---- */

static bool is_whole(const struct asg_question *question)
{
    /* A worker cannot read what is over the limits of the schema. */
    if (question->ids.count > ASG_QUESTION_IDS_MAX ||
        asg_model_check_texts(&asg_question_schema, question, NULL) != ASG_OK) {
        return false;
    }
    switch (question->kind) {
    case ASG_QUESTION_TEMPLATE:
        return (question->template_id != NULL && question->template_id[0] != '\0') ||
               (question->template_name != NULL && question->template_name[0] != '\0');
    case ASG_QUESTION_INSTANCES:
    case ASG_QUESTION_IMAGES: return question->ids.count > 0;
    case ASG_QUESTION_SUBNETS:
    case ASG_QUESTION_ZONES: return true;
    default: return false;
    }
}

static void waiter_free(struct waiter *waiter)
{
    asg_arena_clear(&waiter->arena);
    free(waiter);
}

/* With the lock held. */
static struct asker *find_asker(struct asg_look_up *look_up, const char *name)
{
    struct asker *asker = look_up->askers;
    while (asker != NULL && strcmp(asker->name, name) != 0) {
        asker = asker->next;
    }
    return asker;
}

/* With the lock held. */
static struct asker *add_asker(struct asg_look_up *look_up, const char *name)
{
    size_t length = strlen(name);
    struct asker *asker = asg_alloc(1, sizeof *asker + length + 1);
    memcpy(asker->name, name, length);
    asker->next = look_up->askers;
    look_up->askers = asker;
    return asker;
}

/* With the lock held: the asker may have one more. ASG_ERR_LIMIT: it has its share. */
static enum asg_status count_asker(struct asg_look_up *look_up, const char *name,
                                   struct waiter *waiter)
{
    if (name[0] == '\0') return ASG_OK;
    struct asker *asker = find_asker(look_up, name);
    size_t most = look_up->options.questions_max / SHARE;
    if (asker != NULL && asker->waiting >= (most > 0 ? most : 1)) return ASG_ERR_LIMIT;
    if (asker == NULL) asker = add_asker(look_up, name);
    asker->waiting++;
    waiter->asker = asker;
    return ASG_OK;
}

/* With the lock held: one question of it is told. */
static void uncount_asker(struct asg_look_up *look_up, struct asker *asker)
{
    if (asker == NULL || --asker->waiting > 0) return;
    struct asker **link = &look_up->askers;
    while (*link != asker) {
        link = &(*link)->next;
    }
    *link = asker->next;
    free(asker);
}

enum asg_status asg_look_up_ask(struct asg_look_up *look_up, const char *asker,
                                const struct asg_question *question, int64_t deadline_ms,
                                asg_told_fn *told, void *context)
{
    if (!is_whole(question)) return ASG_ERR_INVALID;
    struct waiter *waiter = asg_alloc(1, sizeof *waiter);
    asg_model_copy(&asg_question_schema, question, &waiter->arena, &waiter->question);
    waiter->deadline_ms = deadline_ms > 0 ? deadline_ms : look_up->options.deadline_ms;
    waiter->told = told;
    waiter->context = context;
    (void)pthread_mutex_lock(&look_up->lock);
    bool was_empty = look_up->fresh == NULL;
    enum asg_status status =
        look_up->waiting >= look_up->options.questions_max ? ASG_ERR_BUSY : ASG_OK;
    if (look_up->is_closed) status = ASG_ERR_CLOSED;
    if (status == ASG_OK) status = count_asker(look_up, asker, waiter);
    if (status == ASG_OK) {
        look_up->waiting++;
        *look_up->fresh_end = waiter;
        look_up->fresh_end = &waiter->next;
    }
    (void)pthread_mutex_unlock(&look_up->lock);
    if (status != ASG_OK) {
        waiter_free(waiter);
        return status;
    }
    const struct asg_look_up_ports *ports = &look_up->options.ports;
    if (was_empty && ports->wake != NULL) ports->wake(ports->context);
    return ASG_OK;
}

/* ---- telling ---- */

static void tell(struct asg_look_up *look_up, struct waiter *waiter,
                 const struct asg_told *told)
{
    (void)pthread_mutex_lock(&look_up->lock);
    look_up->waiting--;
    uncount_asker(look_up, waiter->asker);
    (void)pthread_mutex_unlock(&look_up->lock);
    if (told->outcome == ASG_TOLD_UNAVAILABLE) look_up->counts.unavailable++;
    waiter->told(waiter->context, told);
    waiter_free(waiter);
}

static void unlink_inquiry(struct asg_look_up *look_up, const struct inquiry *inquiry)
{
    struct inquiry **link = &look_up->inquiries;
    while (*link != inquiry) {
        link = &(*link)->next;
    }
    *link = inquiry->next;
}

/* All that wait for it; it is over. Whoever is told may ask again. */
static void end_inquiry(struct asg_look_up *look_up, struct inquiry *inquiry,
                        const struct asg_told *told)
{
    unlink_inquiry(look_up, inquiry);
    struct waiter *waiter = inquiry->waiters;
    if (waiter->next != NULL) look_up->counts.shared++;
    while (waiter != NULL) {
        struct waiter *next = waiter->next;
        tell(look_up, waiter, told);
        waiter = next;
    }
    asg_arena_clear(&inquiry->arena);
    free(inquiry);
}

static struct asg_told unavailable(const char *code, const char *why)
{
    return (struct asg_told){.outcome = ASG_TOLD_UNAVAILABLE,
                             .code = code != NULL ? code : "",
                             .message = why};
}

/* ---- taking answers ---- */

static bool is_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static bool fits_template(const struct asg_question *question,
                          const struct asg_told_template *template)
{
    if (template == NULL || template->version == 0 || is_empty(template->template_id)) {
        return false;
    }
    return is_empty(question->template_id)
               ? is_text(template->template_name, question->template_name)
               : is_text(template->template_id, question->template_id);
}

/* The i-th row is of the i-th id. */
static bool fits_id(const struct asg_question *question, const struct asg_told *told,
                    size_t i)
{
    const char *id = question->ids.items[i];
    switch (question->kind) {
    case ASG_QUESTION_SUBNETS: return is_text(told->subnets[i].subnet_id, id);
    case ASG_QUESTION_ZONES:
        return is_text(told->zones[i].name, id) || is_text(told->zones[i].zone_id, id);
    case ASG_QUESTION_INSTANCES: return is_text(told->instances[i].instance_id, id);
    default: return is_text(told->images[i].image_id, id);
    }
}

static size_t row_count(enum asg_question_kind kind, const struct asg_told *told)
{
    switch (kind) {
    case ASG_QUESTION_SUBNETS: return told->subnet_count;
    case ASG_QUESTION_ZONES: return told->zone_count;
    case ASG_QUESTION_INSTANCES: return told->instance_count;
    default: return told->image_count;
    }
}

/* What was found is of what was asked: nobody acts on another's rows. */
static bool fits(const struct asg_question *question, const struct asg_told *told)
{
    if (told->outcome != ASG_TOLD_FOUND) return true;
    if (question->kind == ASG_QUESTION_TEMPLATE) {
        return fits_template(question, told->template);
    }
    if (question->ids.count == 0) return true;
    if (row_count(question->kind, told) != question->ids.count) return false;
    for (size_t i = 0; i < question->ids.count; i++) {
        if (!fits_id(question, told, i)) return false;
    }
    return true;
}

static struct inquiry *find_inquiry(const struct asg_look_up *look_up,
                                    uint64_t question_no)
{
    struct inquiry *inquiry = look_up->inquiries;
    while (inquiry != NULL && inquiry->question_no != question_no) {
        inquiry = inquiry->next;
    }
    return inquiry;
}

static bool has_asked(const struct inquiry *inquiry, uint32_t peer, size_t *ret)
{
    for (size_t i = 0; i < inquiry->tried_count; i++) {
        if (inquiry->tried[i] != peer || inquiry->has_failed[i]) continue;
        *ret = i;
        return true;
    }
    return false;
}

/* One that cannot say: another is asked at once. */
static void note_failure(struct inquiry *inquiry, size_t which, const char *code,
                         const char *why, int64_t mono_ms)
{
    inquiry->has_failed[which] = true;
    inquiry->code = asg_arena_text(&inquiry->arena, code);
    inquiry->why = asg_arena_text(&inquiry->arena, why);
    inquiry->ask_at_ms = mono_ms;
}

bool asg_look_up_take(struct asg_look_up *look_up, uint32_t peer,
                      const struct asg_told_message *message, int64_t mono_ms)
{
    struct inquiry *inquiry = find_inquiry(look_up, message->question_no);
    size_t which = 0;
    if (inquiry == NULL || message->told == NULL || !has_asked(inquiry, peer, &which)) {
        look_up->counts.late++;
        return false;
    }
    const struct asg_told *said = message->told;
    if (said->outcome == ASG_TOLD_UNAVAILABLE) {
        note_failure(inquiry, which, said->code, said->message, mono_ms);
        return true;
    }
    if (!fits(inquiry->question, said)) {
        note_failure(inquiry, which, "OpenasgMisfit",
                     "the worker answered something that was not asked", mono_ms);
        return true;
    }
    asg_kept_answers_put(&look_up->kept, inquiry->key, inquiry->question, said, mono_ms);
    /* A copy: whoever is told may use what the message stands in. */
    struct asg_arena arena = {0};
    struct asg_told told = {0};
    asg_model_copy(&asg_told_schema, said, &arena, &told);
    end_inquiry(look_up, inquiry, &told);
    asg_arena_clear(&arena);
    return true;
}

/* ---- asking ---- */

static struct inquiry *find_equal(const struct asg_look_up *look_up, const char *key)
{
    struct inquiry *inquiry = look_up->inquiries;
    while (inquiry != NULL && strcmp(inquiry->key, key) != 0) {
        inquiry = inquiry->next;
    }
    return inquiry;
}

/* A new question: known, under way, or an inquiry of its own. */
static void take_in(struct asg_look_up *look_up, struct waiter *waiter, int64_t mono_ms)
{
    waiter->deadline_ms += mono_ms;
    waiter->next = NULL;
    const char *key = asg_question_key(&waiter->question, &waiter->arena);
    const struct asg_told *known = asg_kept_answers_find(&look_up->kept, key, mono_ms);
    if (known != NULL) {
        look_up->counts.kept++;
        tell(look_up, waiter, known);
        return;
    }
    struct inquiry *inquiry = find_equal(look_up, key);
    if (inquiry != NULL) {
        struct waiter **end = &inquiry->waiters;
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = waiter;
        return;
    }
    inquiry = asg_alloc(1, sizeof *inquiry);
    inquiry->waiters = waiter;
    inquiry->question = &waiter->question;
    inquiry->key = key;
    inquiry->question_no = ++look_up->last_no;
    inquiry->ask_at_ms = mono_ms;
    inquiry->next = look_up->inquiries;
    look_up->inquiries = inquiry;
}

static struct waiter *take_fresh(struct asg_look_up *look_up)
{
    (void)pthread_mutex_lock(&look_up->lock);
    struct waiter *fresh = look_up->fresh;
    look_up->fresh = NULL;
    look_up->fresh_end = &look_up->fresh;
    (void)pthread_mutex_unlock(&look_up->lock);
    return fresh;
}

static int64_t last_deadline(const struct inquiry *inquiry)
{
    int64_t last_ms = INT64_MIN;
    for (const struct waiter *w = inquiry->waiters; w != NULL; w = w->next) {
        if (w->deadline_ms > last_ms) last_ms = w->deadline_ms;
    }
    return last_ms;
}

static bool is_asking(const struct inquiry *inquiry)
{
    for (size_t i = 0; i < inquiry->tried_count; i++) {
        if (!inquiry->has_failed[i]) return true;
    }
    return false;
}

/* Nobody else is there to be asked; false: the inquiry is over. */
static bool has_no_other(struct asg_look_up *look_up, struct inquiry *inquiry,
                         int64_t mono_ms)
{
    const struct asg_look_up_ports *ports = &look_up->options.ports;
    inquiry->ask_at_ms = mono_ms + AGAIN_MS;
    if (is_asking(inquiry)) return true;
    if (inquiry->why == NULL && ports->may_come(ports->context)) return true;
    struct asg_arena arena = {0};
    const struct asg_told told =
        inquiry->why != NULL
            ? unavailable(asg_arena_text(&arena, inquiry->code),
                          asg_arena_text(&arena, inquiry->why))
            : unavailable("OpenasgNoWorker",
                          "no connected worker could ask EC2: see openasg worker list");
    end_inquiry(look_up, inquiry, &told);
    asg_arena_clear(&arena);
    return false;
}

/* Send it to a worker; false: the inquiry is over. */
static bool ask_one(struct asg_look_up *look_up, struct inquiry *inquiry, int64_t mono_ms)
{
    const struct asg_look_up_ports *ports = &look_up->options.ports;
    uint32_t peer = 0;
    if (inquiry->tried_count == TRIED_MAX ||
        !ports->choose(ports->context, inquiry->tried, inquiry->tried_count, &peer)) {
        return has_no_other(look_up, inquiry, mono_ms);
    }
    int64_t wait_ms = 0;
    if (!ports->may_call(ports->context, inquiry->question->kind, &wait_ms)) {
        inquiry->lacks_rate = true;
        inquiry->ask_at_ms = mono_ms + (wait_ms > 0 ? wait_ms : 1);
        return true;
    }
    int64_t left_ms = last_deadline(inquiry) - mono_ms;
    const struct asg_ask ask = {.question_no = inquiry->question_no,
                                .time_left_ms = left_ms,
                                .question = inquiry->question};
    enum asg_status status = ports->send(ports->context, peer, ASG_MESSAGE_ASK, &ask);
    if (status == ASG_ERR_BUSY || status == ASG_ERR_FULL) {
        inquiry->ask_at_ms = mono_ms + BUSY_MS;
        return true;
    }
    size_t which = inquiry->tried_count++;
    inquiry->tried[which] = peer;
    inquiry->has_failed[which] = status != ASG_OK;
    inquiry->ask_at_ms = mono_ms;
    if (status != ASG_OK) return true;
    look_up->counts.asked++;
    inquiry->ask_at_ms += left_ms / OTHERS > 0 ? left_ms / OTHERS : 1;
    return true;
}

/* The question goes with the first waiter: another's takes its place. */
static void keep_question(struct inquiry *inquiry, struct waiter *leaving)
{
    if (inquiry->question != &leaving->question || inquiry->waiters == NULL) return;
    struct waiter *heir = inquiry->waiters;
    inquiry->question = &heir->question;
    inquiry->key = asg_question_key(&heir->question, &heir->arena);
}

static struct asg_told too_late(const struct inquiry *inquiry)
{
    if (inquiry->tried_count > 0) {
        return unavailable("OpenasgNoAnswer", "EC2 was asked and no answer came in time");
    }
    if (inquiry->lacks_rate) {
        return unavailable("OpenasgNoAnswer", "EC2 could not be asked in time: its "
                                              "request rate is used up");
    }
    return unavailable("OpenasgNoWorker",
                       "no worker that could ask EC2 has connected yet: see openasg "
                       "worker list");
}

/* Those whose time is over; false: the inquiry is over. */
static bool end_late(struct asg_look_up *look_up, struct inquiry *inquiry,
                     int64_t mono_ms)
{
    struct waiter *late = NULL;
    struct waiter **link = &inquiry->waiters;
    while (*link != NULL) {
        struct waiter *waiter = *link;
        if (waiter->deadline_ms > mono_ms) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        waiter->next = late;
        late = waiter;
    }
    if (late == NULL) return true;
    for (struct waiter *w = late; w != NULL; w = w->next) {
        keep_question(inquiry, w);
    }
    const struct asg_told told = too_late(inquiry);
    bool is_over = inquiry->waiters == NULL;
    if (is_over) {
        inquiry->waiters = late;
        end_inquiry(look_up, inquiry, &told);
        return false;
    }
    while (late != NULL) {
        struct waiter *next = late->next;
        tell(look_up, late, &told);
        late = next;
    }
    return true;
}

static int64_t next_of(const struct inquiry *inquiry)
{
    int64_t next_ms = inquiry->ask_at_ms;
    for (const struct waiter *w = inquiry->waiters; w != NULL; w = w->next) {
        if (w->deadline_ms < next_ms) next_ms = w->deadline_ms;
    }
    return next_ms;
}

/* What is due of one inquiry. */
static void pump_inquiry(struct asg_look_up *look_up, struct inquiry *inquiry,
                         int64_t mono_ms)
{
    if (!end_late(look_up, inquiry, mono_ms)) return;
    while (inquiry->ask_at_ms <= mono_ms) {
        if (!ask_one(look_up, inquiry, mono_ms)) return;
    }
}

int64_t asg_look_up_pump(struct asg_look_up *look_up, int64_t mono_ms)
{
    /* Whoever is told may ask again: what comes so is taken in as well. */
    struct waiter *fresh = NULL;
    while ((fresh = take_fresh(look_up)) != NULL) {
        while (fresh != NULL) {
            struct waiter *next = fresh->next;
            take_in(look_up, fresh, mono_ms);
            fresh = next;
        }
    }
    struct inquiry *inquiry = look_up->inquiries;
    while (inquiry != NULL) {
        struct inquiry *next = inquiry->next;
        pump_inquiry(look_up, inquiry, mono_ms);
        inquiry = next;
    }
    int64_t next_ms = INT64_MAX;
    for (inquiry = look_up->inquiries; inquiry != NULL; inquiry = inquiry->next) {
        int64_t at_ms = next_of(inquiry);
        if (at_ms < next_ms) next_ms = at_ms;
    }
    return next_ms;
}

void asg_look_up_give_up(struct asg_look_up *look_up, const char *why)
{
    const struct asg_told told = unavailable("OpenasgNotLeading", why);
    while (look_up->inquiries != NULL) {
        end_inquiry(look_up, look_up->inquiries, &told);
    }
    struct waiter *fresh = take_fresh(look_up);
    while (fresh != NULL) {
        struct waiter *next = fresh->next;
        tell(look_up, fresh, &told);
        fresh = next;
    }
}

void asg_look_up_close(struct asg_look_up *look_up)
{
    (void)pthread_mutex_lock(&look_up->lock);
    look_up->is_closed = true;
    (void)pthread_mutex_unlock(&look_up->lock);
    asg_look_up_give_up(look_up, "this controller is stopping");
}

struct asg_look_up_counts asg_look_up_counts(struct asg_look_up *look_up)
{
    struct asg_look_up_counts counts = look_up->counts;
    (void)pthread_mutex_lock(&look_up->lock);
    counts.waiting = (uint32_t)look_up->waiting;
    (void)pthread_mutex_unlock(&look_up->lock);
    return counts;
}
