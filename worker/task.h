/* task - one job in a worker's hands, and the worker's inner state.
 *
 * Private to worker/: what take_job, run_job, the job_*.c and send_result share.
 */
#ifndef ASG_WORKER_TASK_H
#define ASG_WORKER_TASK_H

#include "aws/ec2_actions.h"
#include "aws/ec2_meter.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "worker/user_data.h"
#include "worker/worker.h"

struct asg_task {
    struct asg_task *next;
    struct asg_worker *worker;
    struct asg_arena arena; /* the message, the result, all that a job_*.c needs */
    struct asg_job_message message;
    const struct asg_job *job; /* = message.job */
    uint64_t lease_id;         /* of the last delivery */
    int64_t taken_us;
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    bool is_answered;    /* the result waits for its ACK */
    bool is_begun;       /* a call to EC2 may have left */
    bool is_made_dry;    /* this worker made a dry run of it */
    bool is_stale;       /* given before this worker stood still: launches nothing more */
    int64_t resend_at_ms;
    uint32_t resends;
    int64_t wake_at_ms; /* of a pause; INT64_MAX: none */
    void (*wake)(struct asg_task *task);
    uint32_t waits; /* pauses made for a thing that is not known yet */
    struct asg_result result;
    size_t instance_capacity;
    void *state; /* of the job_*.c that runs it; in the arena */
    void *doubt; /* of settle_launch.c; in the arena */
    /* who waits for the template (fetch_template.c) */
    void (*with_template)(struct asg_task *task,
                          const struct asg_user_data_entry *template);
    struct asg_task *listing_next;
};

/* Whole listings that are asked for (share_listing.c). */
struct asg_listing {
    void (*begin)(struct asg_task *task); /* makes the calls */
    struct asg_task *leader;              /* its calls are under way */
    struct asg_task *followers;           /* answered with it */
    struct asg_task *waiting;             /* came after it had begun */
};

struct asg_worker {
    struct asg_worker_options options;
    char *name;
    uint64_t epoch;       /* highest seen, or that of a leader whose log was restored */
    uint64_t incarnation; /* of the leader that welcomed us last */
    bool is_welcome;
    bool is_halted;      /* the controller's kill switch */
    bool is_halted_here; /* this host's */
    bool is_stopping;
    uint32_t refusals; /* of our credentials in a row (credentials_breaker.c) */
    int64_t refused_until_ms;
    int64_t lease_ms;
    int64_t heartbeat_ms;
    int64_t next_hello_ms;
    int64_t last_hello_ms;
    int64_t next_heartbeat_ms;
    int64_t next_turn_ms; /* at the latest; 0: before the first */
    uint32_t catching_up; /* quiet turns until what waits cannot be of before it stood */
    bool has_received;    /* since the last tick */
    struct asg_task *tasks;
    uint32_t task_count;
    struct asg_task *done;         /* to be freed once no callback stands on them */
    struct asg_inquiry *inquiries; /* questions under way (answer_question.c) */
    uint32_t inquiry_count;
    struct asg_user_data_cache user_data;
    struct asg_listing listing;
    struct asg_bytes body; /* scratch for EC2 parameters */
    struct asg_worker_counts counts;
    struct asg_ec2_sent told[ASG_EC2_METER_ACTIONS]; /* to the controller, by action */
};

/* --- worker_state.c --- */

int64_t asg_worker_now_ms(const struct asg_worker *worker);

/* Jobs that this worker may hold: none while AWS refuses its credentials, one to try. */
uint32_t asg_breaker_capacity(const struct asg_worker *worker);

/* A worker that stood still (its process was stopped or got no time) cannot know what
 * became of the jobs it holds: another may have them, and their launches may be settled
 * (core waits five minutes for what may come late). Those it holds launch nothing more,
 * and jobs that waited in its socket are handed back. */
void asg_worker_look_whether_still(struct asg_worker *worker);

/* Either kill switch is on: begin nothing that changes EC2. */
bool asg_worker_is_halted(const struct asg_worker *worker);

/* --- task.c --- */

/* EC2 call for a task; the calls are counted. `may_repeat_long`: an unsure attempt is
 * repeated up to attempts_unsure (launches). */
void asg_task_call(struct asg_task *task, const struct asg_ec2_action *action,
                   bool is_launch, asg_ec2_done *done);

/* Count the attempts of a call that is done. Every callback begins with it. */
void asg_task_count(struct asg_task *task, const struct asg_ec2_outcome *outcome);

/* Come back after a pause. False: the deadline is before that. */
bool asg_task_pause(struct asg_task *task, int64_t pause_ms,
                    void (*wake)(struct asg_task *task));

/* For something that EC2 does not know yet though it was just made: a pause of 2 s,
 * doubling, a few times (docs/rules.md, "EC2's error codes"). False: waited long enough.
 */
bool asg_task_wait_for_it(struct asg_task *task, void (*wake)(struct asg_task *task));

/* Add an instance to the result. */
struct asg_seen_instance *asg_task_add_instance(struct asg_task *task);
void asg_task_add_seen(struct asg_task *task, const struct asg_ec2_instance *instance);

/* The job is over: send the result. Code, message, request id are copied. */
typedef void asg_task_end_fn(struct asg_task *task, enum asg_outcome outcome,
                             const char *code, const char *message);
asg_task_end_fn asg_task_end;
/* The same, from what EC2 said. */
void asg_task_end_with(struct asg_task *task, const struct asg_ec2_outcome *outcome);

/* What EC2's answer means for the controller. */
enum asg_outcome asg_outcome_of(enum asg_job_kind kind,
                                const struct asg_ec2_outcome *outcome);
enum asg_ec2_state asg_ec2_state_of(const char *word);

/* --- run_job.c --- */

/* Begin the job of a new task. */
void asg_task_run(struct asg_task *task);

/* --- one a kind --- */
void asg_run_launch(struct asg_task *task);
void asg_run_fleet(struct asg_task *task);
void asg_run_terminate(struct asg_task *task);
void asg_run_describe(struct asg_task *task);
void asg_run_tag(struct asg_task *task);
void asg_run_untag(struct asg_task *task);
void asg_run_template(struct asg_task *task);
void asg_run_resolve_template(struct asg_task *task);

/* --- share_listing.c --- */

/* True: this whole listing goes first, make its calls. False: it will be answered by
 * another's. `begin` makes the calls of one that had to wait. */
bool asg_listing_begin(struct asg_task *task, void (*begin)(struct asg_task *task));

/* The result of a whole listing is there: answer those who share it, begin the next. */
void asg_listing_end(struct asg_task *task);

/* --- sweep_templates.c --- */

/* Delete what the job message's sweep asks for, then go on; failures are logged only. */
void asg_sweep_templates(struct asg_task *task, void (*next)(struct asg_task *task));

/* --- credentials_breaker.c --- */

/* The task has told its result: what that says of our credentials. */
void asg_breaker_note(struct asg_task *task);

/* --- fetch_template.c --- */

/* Go on with the launch's template: its user data and parameters, valid until `next`
 * returns. When EC2 does not show it the job ends. */
void asg_fetch_template(struct asg_task *task,
                        void (*next)(struct asg_task *task,
                                     const struct asg_user_data_entry *template));

/* What is kept of a version that EC2 has shown; the texts live in the task's arena. */
struct asg_user_data_entry asg_task_keep_template(
    struct asg_task *task, const char *template_id, const char *template_name,
    const char *version, const struct asg_ec2_template_version *shown);

/* The template's user data with the join line; NULL: the template's as it is. False: it
 * takes no line, and the job has ended. */
bool asg_task_join(struct asg_task *task, const char *template_user_data,
                   const char **ret);

/* --- attached_user_data.c --- */

/* The user data that came with the job, base64, "" when there is none. False: it is not
 * the one of that hash, or too large, and the job has ended. */
bool asg_task_attached(struct asg_task *task, const char *sha256, const char **ret);

/* --- fetch_template.c --- */

/* The clamp of docs/rules.md, "Interlocks", once more at the last door. True: the launch
 * is refused and the job has ended. */
bool asg_task_is_above_max(struct asg_task *task);

/* --- job_fleet.c --- */

/* What the name of a template begins with that was made for a fleet. */
#define ASG_FLEET_TEMPLATE_PREFIX "openasg-"

/* --- settle_launch.c --- */

/* The answer to a launch says what happened. */
bool asg_launch_settles(const struct asg_ec2_outcome *outcome);

/* Look for what was launched under the job's client token, of a fleet by the job's tags;
 * when nothing is found, the job ends as given here, by `end`. */
void asg_settle_launch(struct asg_task *task, asg_task_end_fn *end,
                       enum asg_outcome outcome, const char *code, const char *message);

/* --- job_tags.c --- */

/* The tags of an instance of this job (a launch or a TAG): the group's, and
 * openasg:cluster, :group, :job, :attempt, :incarnation. In the task's arena. */
struct asg_ec2_tag *asg_task_tags(struct asg_task *task, size_t *ret_count);

/* Only ours of them. */
#define ASG_OWN_TAGS 5
struct asg_ec2_tag *asg_task_own_tags(struct asg_task *task, size_t *ret_count);

/* --- take_job.c --- */
void asg_take_job(struct asg_worker *worker, const void *data, size_t length);

/* --- answer_question.c --- */

/* An ASK: ask EC2, then tell. ASG_ERR_MALFORMED: it is none. */
ASG_MUST_USE enum asg_status asg_take_question(struct asg_worker *worker,
                                               const void *data, size_t length);
/* The worker ends. */
void asg_drop_questions(struct asg_worker *worker);

/* --- send_result.c --- */
/* What cannot be sent is lost: it is asked for again. */
void asg_send_told(struct asg_worker *worker, uint64_t question_no,
                   const struct asg_told *told);
void asg_send_hello(struct asg_worker *worker);
void asg_send_heartbeat(struct asg_worker *worker);
void asg_send_result(struct asg_task *task);
void asg_send_hand_back(struct asg_worker *worker, const struct asg_job_message *message,
                        const char *reason);
/* An ACK: forget the result. */
void asg_drop_result(struct asg_worker *worker, const struct asg_ack *ack);

#endif
