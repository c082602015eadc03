#include "controller/answer_view.h"

#include <assert.h>
#include <stdlib.h>

#include "core/core.h"
#include "model/copy.h"
#include "model/schemas.h"
#include "wire/wire.h"

/* What an answer is made of. */
struct work {
    const struct asg_answer_sources *sources;
    const struct asg_root *root;
    const struct asg_request *request;
    struct asg_arena *arena;
    const struct asg_page **pages; /* of those meant, as they were created */
    size_t page_count;
};

bool asg_view_answers(enum asg_query query)
{
    switch (query) {
    case ASG_QUERY_STATUS:
    case ASG_QUERY_GROUPS:
    case ASG_QUERY_POLICIES:
    case ASG_QUERY_SCHEDULES:
    case ASG_QUERY_TEMPLATES:
    case ASG_QUERY_INSTANCES:
    case ASG_QUERY_ORPHANS: return true;
    default: return false;
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = (*(const struct asg_page *const *)a)->sheet->content.group.group_no;
    uint32_t y = (*(const struct asg_page *const *)b)->sheet->content.group.group_no;
    return (x > y) - (x < y);
}

/* The group of that name, or all. */
static void choose_pages(struct work *work, const char *name)
{
    bool is_one = name != NULL && name[0] != '\0';
    size_t most = is_one ? 1 : asg_root_count(work->root);
    work->pages = asg_arena_take(work->arena, (most + 1) * sizeof *work->pages);
    if (is_one) {
        work->pages[0] = asg_root_find(work->root, name);
        work->page_count = work->pages[0] != NULL ? 1 : 0;
        return;
    }
    work->page_count = most;
    for (size_t i = 0; i < most; i++) {
        work->pages[i] = asg_root_page(work->root, i);
    }
    if (most > 1) qsort(work->pages, most, sizeof *work->pages, by_number);
}

/* Flat copies: what they point to is the root's, which is held until the frame is made.
 */
static void list_groups(struct work *work, struct asg_answer *answer)
{
    choose_pages(work, work->request->name);
    answer->groups =
        asg_arena_take(work->arena, work->page_count * sizeof *answer->groups);
    answer->group_count = work->page_count;
    int64_t now_ms = asg_root_time_ms(work->root);
    const struct asg_status_view *cluster = &asg_root_cluster(work->root)->status;
    bool is_held = cluster->held[0] != '\0';
    bool is_halted = cluster->is_halted; /* all are, then */
    for (size_t i = 0; i < work->page_count; i++) {
        answer->groups[i] = asg_page_group(work->pages[i], now_ms);
        answer->groups[i].is_held = is_held;
        answer->groups[i].is_halted |= is_halted;
        asg_root_holds(work->root, work->pages[i], now_ms, work->arena,
                       &answer->groups[i].holds, &answer->groups[i].hold_count);
    }
}

static void list_policies(struct work *work, struct asg_answer *answer)
{
    choose_pages(work, work->request->group);
    size_t capacity = 0;
    for (size_t i = 0; i < work->page_count; i++) {
        const struct asg_group_sheet *sheet = &work->pages[i]->sheet->content;
        for (size_t k = 0; k < sheet->policy_count; k++) {
            *(struct asg_policy_config *)asg_arena_push(
                work->arena, (void **)&answer->policies, &answer->policy_count, &capacity,
                sizeof *answer->policies) = sheet->policies[k];
        }
    }
}

static void list_schedules(struct work *work, struct asg_answer *answer)
{
    choose_pages(work, work->request->group);
    size_t capacity = 0;
    for (size_t i = 0; i < work->page_count; i++) {
        const struct asg_group_sheet *sheet = &work->pages[i]->sheet->content;
        for (size_t k = 0; k < sheet->schedule_count; k++) {
            *(struct asg_schedule_config *)asg_arena_push(
                work->arena, (void **)&answer->schedules, &answer->schedule_count,
                &capacity, sizeof *answer->schedules) = sheet->schedules[k];
        }
    }
}

static void list_instances(struct work *work, struct asg_answer *answer)
{
    choose_pages(work, work->request->group);
    size_t count = 0;
    for (size_t i = 0; i < work->page_count; i++) {
        count += work->pages[i]->counts.instances;
    }
    answer->instances = asg_arena_take(work->arena, count * sizeof *answer->instances);
    int64_t now_ms = asg_root_time_ms(work->root);
    for (size_t i = 0; i < work->page_count; i++) {
        const struct asg_page *page = work->pages[i];
        for (size_t l = 0; l < page->leaf_count; l++) {
            const struct asg_instance_rows *rows = &page->leaves[l]->content;
            for (size_t k = 0; k < rows->count; k++) {
                struct asg_instance_view *view =
                    &answer->instances[answer->instance_count++];
                *view = rows->items[k];
                view->is_warming = view->warm_ms > now_ms;
            }
        }
    }
    assert(answer->instance_count == count);
    if (work->sources->ingest == NULL) return;
    asg_ingest_look(work->sources->ingest, answer->instances, answer->instance_count);
}

struct alarms {
    struct asg_alarm_view *items;
    size_t count;
    size_t capacity;
};

static void stand(struct work *work, struct alarms *alarms,
                  const struct asg_alarm_view *alarm)
{
    *(struct asg_alarm_view *)asg_arena_push(work->arena, (void **)&alarms->items,
                                             &alarms->count, &alarms->capacity,
                                             sizeof *alarms->items) = *alarm;
}

static void stand_all(struct work *work, struct alarms *alarms,
                      const struct asg_alarm_view *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stand(work, alarms, &list[i]);
    }
}

/* Both forms of them: the words alone, and with what they are about. */
static void put_alarms(struct work *work, const struct alarms *alarms,
                       struct asg_status_view *status)
{
    const char **texts = asg_arena_take(work->arena, (alarms->count + 1) * sizeof *texts);
    for (size_t i = 0; i < alarms->count; i++) {
        texts[i] = alarms->items[i].text;
    }
    status->alarms = (struct asg_texts){.items = texts, .count = alarms->count};
    status->alarm_list = alarms->items;
    status->alarm_count = alarms->count;
}

/* Of groups, of the cluster, then those of the loop. */
static void fill_status(struct work *work, struct asg_status_view *status)
{
    const struct asg_status_view *cluster = &asg_root_cluster(work->root)->status;
    struct asg_totals totals = asg_root_totals(work->root);
    struct alarms alarms = {0};
    int64_t now_ms = asg_root_time_ms(work->root);
    choose_pages(work, NULL);
    for (size_t i = 0; i < work->page_count; i++) {
        const struct asg_group_sheet *sheet = &work->pages[i]->sheet->content;
        stand_all(work, &alarms, sheet->alarm_list, sheet->alarm_count);
        int64_t left_ms = sheet->breaker_until_ms - now_ms;
        if (left_ms <= 0) continue;
        const char *name = asg_page_name(work->pages[i]);
        const struct asg_alarm_view alarm = {
            .kind = asg_enum_word(&asg_alarm_kind_words, ASG_ALARM_LAUNCH_BREAKER),
            .group = name,
            .text = asg_core_say_breaker(name, left_ms, work->arena)};
        stand(work, &alarms, &alarm);
    }
    stand_all(work, &alarms, cluster->alarm_list, cluster->alarm_count);
    stand_all(work, &alarms, status->alarm_list, status->alarm_count);
    put_alarms(work, &alarms, status);
    status->cluster_id = cluster->cluster_id;
    status->epoch = cluster->epoch;
    status->held = cluster->held;
    status->is_halted = cluster->is_halted;
    status->groups = totals.groups;
    status->instances = totals.instances;
    status->open_jobs = totals.open_jobs;
    status->dead_jobs = totals.dead_jobs;
    status->revision = totals.revision;
}

struct asg_question_asked *asg_question_new(uint32_t peer,
                                            const struct asg_request *request,
                                            const struct asg_status_view *status)
{
    assert(asg_view_answers(request->query));
    struct asg_question_asked *question = asg_alloc(1, sizeof *question);
    question->peer = peer;
    asg_model_copy(&asg_request_schema, request, &question->arena, &question->request);
    if (status != NULL) {
        asg_model_copy(&asg_status_view_schema, status, &question->arena,
                       &question->status);
    }
    return question;
}

void asg_question_free(struct asg_question_asked *question)
{
    if (question == NULL) return;
    asg_arena_clear(&question->arena);
    asg_bytes_clear(&question->frame);
    free(question);
}

void asg_question_answer(struct asg_question_asked *question,
                         const struct asg_answer_sources *sources)
{
    assert(question->frame.length == 0);
    struct work work = {.sources = sources,
                        .root = asg_view_hold(sources->view),
                        .request = &question->request,
                        .arena = &question->arena};
    const struct asg_cluster_sheet *cluster = asg_root_cluster(work.root);
    struct asg_answer answer = {.request_no = question->request.request_no,
                                .is_ok = true};
    switch (question->request.query) {
    case ASG_QUERY_STATUS:
        fill_status(&work, &question->status);
        answer.status = &question->status;
        break;
    case ASG_QUERY_GROUPS: list_groups(&work, &answer); break;
    case ASG_QUERY_POLICIES: list_policies(&work, &answer); break;
    case ASG_QUERY_SCHEDULES: list_schedules(&work, &answer); break;
    case ASG_QUERY_INSTANCES: list_instances(&work, &answer); break;
    case ASG_QUERY_TEMPLATES:
        answer.templates = cluster->templates;
        answer.template_count = cluster->template_count;
        break;
    case ASG_QUERY_ORPHANS:
        answer.orphans = cluster->orphans;
        answer.orphan_count = cluster->orphan_count;
        break;
    default: assert(false && "a question for the view"); break;
    }
    asg_wire_encode_message(ASG_MESSAGE_ANSWER, &answer, &question->frame);
    asg_view_drop(&work.root);
}
