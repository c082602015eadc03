/* parts - what the controller is made of: shared by the files that run it. Nothing
 * outside controller/ includes it. */
#ifndef ASG_CONTROLLER_PARTS_H
#define ASG_CONTROLLER_PARTS_H

#include <stdatomic.h>

#include "api/api.h"
#include "bus/bus.h"
#include "bus/inlet.h"
#include "bus/key_set.h"
#include "controller/answer_thread.h"
#include "controller/ask_first.h"
#include "controller/collect_result.h"
#include "controller/commit_log.h"
#include "controller/dispatch_job.h"
#include "controller/enrol_agent.h"
#include "controller/group_metrics.h"
#include "controller/inbox.h"
#include "controller/index_activities.h"
#include "controller/ingest_report.h"
#include "controller/ingest_thread.h"
#include "controller/log_time.h"
#include "controller/limit_peers.h"
#include "controller/look_up.h"
#include "controller/peer_keys.h"
#include "controller/probe_agent.h"
#include "controller/probe_thread.h"
#include "controller/reconcile.h"
#include "controller/serve_http.h"
#include "controller/settings.h"
#include "crypto/certificates.h"
#include "view/view.h"

#define ASG_PATH_MAX 4096

struct asg_controller {
    const struct asg_controller_settings *settings;
    struct asg_rate_quotas rate_quotas;
    struct asg_clock clock;
    struct asg_log_time log_time;
    int64_t started_ms; /* wall */
    char log_path[ASG_PATH_MAX];
    char blobs_path[ASG_PATH_MAX];
    char activities_path[ASG_PATH_MAX];
    char agents_announced[1024]; /* endpoints for reports, commas between */
    char enrol_announced[1024];  /* host:port, commas between */
    uint8_t join_secret[32];
    struct asg_authority *authority; /* NULL in the simulator */
    struct asg_bus *bus;
    struct asg_bus_keys keys;
    struct asg_allow_list *workers_allowed;
    struct asg_allow_list *admins_allowed;
    struct asg_bus_inlet *inlet;       /* of agents' reports */
    struct asg_key_set *agent_keys;    /* whom it hears */
    struct asg_rpc_identity *identity; /* openasg://CLUSTER/controller */
    struct asg_proof_rules proof_rules;
    struct asg_proofs *enrol_proofs;
    struct asg_enrolments *enrolments;
    struct asg_rpc_enrolment_handler enrol_handler;
    struct asg_rpc_server *enrol_server;
    struct asg_peer_folder worker_keys;
    struct asg_peer_folder admin_keys;
    struct asg_refusal_teller refusals;
    struct asg_bus_listener *workers;
    struct asg_bus_listener *admin;
    struct asg_peer_ports ports;
    struct asg_welcomed welcomed;
    struct asg_bus_waker *waker;
    struct asg_inbox *inbox;
    struct asg_prober *prober;
    struct asg_probe_thread *prober_thread;
    struct asg_ingest *ingest;
    struct asg_ingest_thread *ingest_thread;
    struct asg_dispatch *dispatch;
    struct asg_look_up *look_up;
    struct asg_first *first; /* orders that ask EC2 first */
    int64_t opened_ms;       /* monotonic: when it began to open the log */
    int64_t led_ms;          /* monotonic: when it began to lead */
    int64_t look_up_at_ms;   /* monotonic */
    int64_t api_at_ms;       /* monotonic: when a held answer's time is over */
    struct asg_reconciler *reconciler;
    bool is_mass_absent; /* and told so */
    struct asg_collector collector;
    int64_t witness_at_ms;     /* monotonic: when another lead may be told of */
    int64_t hint_at_ms;        /* monotonic: when a hint may trigger a look again */
    int64_t sweep_at_ms;       /* monotonic: when a listing takes a sweep along */
    struct asg_commit *commit; /* NULL while not leading */
    char not_leading[ASG_ERROR_TEXT_MAX]; /* why */
    int64_t try_again_ms;                 /* monotonic: when to open the log again */
    struct asg_scraped scraped;           /* by http */
    struct asg_group_metrics *group_metrics;
    struct asg_status_pages *http;
    struct asg_view *view; /* what readers see; published by each commit */
    struct asg_answer_thread *answers;
    struct asg_api *api;                     /* NULL: not served */
    uint64_t api_full;                       /* told so far */
    int64_t api_full_at_ms;                  /* monotonic: not before */
    struct asg_activity_indexer *activities; /* the same */
    atomic_bool is_leading;                  /* for /readyz */
    struct asg_arena scratch;                /* of one message */
    struct asg_bytes frame;                  /* of one answer */
    int64_t dispatch_at_ms;                  /* monotonic */
    int64_t allowed_at_ms;   /* monotonic: when the allow lists were read */
    int64_t housekeeping_ms; /* monotonic: when gauges are due */
    int64_t tidy_at_ms;      /* monotonic: the next piece of a snapshot or a prune ... */
    bool is_tidying;         /* ... which waits for it */
    int64_t next_turn_ms;    /* monotonic: when the next turn is due, while it leads */
};

/* answer_request.c: one frame from openasg. A command becomes an event; the reply comes
 * when it is durable. A question is answered at once. How many bytes were read: none of
 * a large order whose key has too many. */
size_t asg_take_request(struct asg_controller *controller,
                        const struct asg_bus_message *message);

/* answer_request.c too: what the orders that ask EC2 first need. */
struct asg_first_ports asg_order_ports(struct asg_controller *controller);

/* send_answer.c: to whom asked; an answer that cannot be sent is lost. */
void asg_send_answer(struct asg_controller *controller, uint32_t peer,
                     const struct asg_answer *answer);
/* One that is encoded already. */
void asg_send_frame(struct asg_controller *controller, uint32_t peer,
                    const struct asg_bytes *frame);
/* What core said to an order. */
void asg_send_reply(struct asg_controller *controller, const struct asg_waiter *waiter,
                    const struct asg_reply *reply);

/* view_decisions.c: the page of decisions that `request` asks for; it lives in `arena`.
 * Reads the log: some 20 us for each event that decided something. A page may have fewer
 * rows than were asked for, or none, and more to come (has_more). */
ASG_MUST_USE enum asg_status asg_view_decisions(struct asg_log *log,
                                                const struct asg_request *request,
                                                struct asg_arena *arena,
                                                struct asg_answer *answer,
                                                struct asg_error *error);

/* take_worker.c: one frame from a worker. */
void asg_take_worker_frame(struct asg_controller *controller,
                           const struct asg_bus_message *message);
/* The dispatcher's ports, and join stanza and attachment of a job that leaves. */
struct asg_dispatch_ports asg_worker_ports(struct asg_controller *controller);
/* Those of the questions. */
struct asg_look_up_ports asg_question_ports(struct asg_controller *controller);

/* prepare_folders.c: what lies on this host's disk beside the log. Makes the folders,
 * loads or makes the keys, the join secret and the authority, fills in the paths. What
 * others may write, and secrets that others may read, end the start. */
ASG_MUST_USE enum asg_status asg_prepare_folders(struct asg_controller *controller,
                                                 struct asg_error *error);
/* Tell people and scripts where we listen, when endpoint_file is set. */
ASG_MUST_USE enum asg_status asg_write_endpoints(struct asg_controller *controller,
                                                 struct asg_error *error);

/* take_event.c: the present time of the log, in milliseconds of the wall clock as far as
 * that is believed. */
int64_t asg_log_time_of(struct asg_controller *controller);
/* Stage an event at that time; one that core refuses is answered and dropped. */
void asg_take_event(struct asg_controller *controller, struct asg_event *event,
                    struct asg_waiter waiter);

/* Answer a call of the API that is not staged; nothing for other waiters. */
void asg_refuse_call(const struct asg_waiter *waiter, const char *code,
                     const char *message);

/* serve_api.c: the Auto Scaling API on listen.api; empty: none. */
ASG_MUST_USE enum asg_status asg_serve_api_new(struct asg_controller *controller,
                                               struct asg_error *error);
/* Hand in an order as the API does, from any thread; it is copied. `settled` is called
 * once, by a turn or by asg_controller_destroy(); ASG_ERR_LIMIT: never, too many wait. */
ASG_MUST_USE enum asg_status asg_serve_order(struct asg_controller *controller,
                                             const struct asg_command *command,
                                             asg_api_settled *settled, void *call);
/* Its connections, for /metrics; a warning, once a minute, when all were taken. */
void asg_serve_api_look(struct asg_controller *controller, int64_t mono_ms);
/* Its certificate and keys anew; what is wrong with them is said and they stay. */
void asg_serve_api_reload(struct asg_controller *controller);

/* serve_enrol.c: our certificate of the cluster's authority. The log is open: it says the
 * cluster's name. */
ASG_MUST_USE enum asg_status asg_make_identity(struct asg_controller *controller,
                                               struct asg_error *error);
/* Listen on listen.enrol. */
ASG_MUST_USE enum asg_status asg_serve_enrol_new(struct asg_controller *controller,
                                                 struct asg_error *error);
/* No more enrolments go into the inbox; then, when what waits there was settled, the
 * end. */
void asg_serve_enrol_close(struct asg_controller *controller);
void asg_serve_enrol_destroy(struct asg_controller *controller);
/* The comment for the user data that lets an agent enrol: shell scripts and cloud-config
 * alike can carry it. A secret. Of a launch, ... */
const char *asg_launch_join_line(struct asg_controller *controller,
                                 const struct asg_job *job, struct asg_arena *arena);
/* ... and of one instance, for people. */
const char *asg_instance_join_line(struct asg_controller *controller,
                                   const char *instance_id, struct asg_arena *arena);
/* Account and region stand in every ARN and in every signature. */
ASG_MUST_USE enum asg_status asg_check_names(
    const struct asg_controller_settings *settings, struct asg_error *error);
/* check_settings.c: --check-config; `settings` is a struct asg_controller_settings as it
 * was read. */
void asg_controller_check_settings(const void *settings, struct asg_problems *problems);
/* Listening on every address, with nothing that agents could be told, is refused. */
ASG_MUST_USE enum asg_status asg_check_announced(
    const struct asg_controller_settings *settings, struct asg_error *error);

/* user_data.c: texts of templates lie in files named by their hash, not in the log. */
ASG_MUST_USE enum asg_status asg_user_data_save(const char *folder, struct asg_blob text,
                                                char ret_sha256[65],
                                                struct asg_error *error);
ASG_MUST_USE enum asg_status asg_user_data_load(const char *folder, const char *sha256,
                                                struct asg_arena *arena,
                                                struct asg_blob *ret,
                                                struct asg_error *error);

#endif
