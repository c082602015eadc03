/* sim - a whole cluster in one process and one thread, on a clock of its own.
 *
 * The controller, the workers and the agents are the objects that ship. What is faked are
 * the edges, at link time: the bus (fake_bus.c), gRPC, HTTP, files and threads
 * (fake_edges.c), the disk under the log (disk.c), and EC2's HTTP (fake_ec2.c) before the
 * model of ec2local. Everything random comes from one seed.
 *
 * Flow:  queue -> take a turn of whoever is due -> frames, calls, commits -> queue
 *        each of these passes the checkers (checkers/README.md)
 * Time:  microseconds since the start, sim.now_us.
 */
#ifndef ASG_SIM_SIM_H
#define ASG_SIM_SIM_H

#include <stdio.h>

#include "agent/enrol.h"
#include "agent/send_report.h"
#include "aws/ec2_client.h"
#include "base/clock.h"
#include "base/id_map.h"
#include "bus/bus.h"
#include "bus/outlet.h"
#include "controller/parts.h"
#include "controller/settings.h"
#include "ec2local/model.h"
#include "ec2local/rate.h"
#include "sim/faults.h"
#include "sim/queue.h"
#include "sim/random.h"
#include "worker/worker.h"

#define SIM_CLUSTERS_MAX      2
#define SIM_GROUPS_MAX        3
#define SIM_WORKERS_MAX       4
#define SIM_TEMPLATES         2
#define SIM_SCHEDULES         6 /* of a group */
#define SIM_EXTRA_POLICIES    7
#define SIM_DRAWN_POLICIES    5 /* of them: the operator gives these by chance */
#define SIM_POLICY            "cpu"
#define SIM_RATE_AT_ONCE      2  /* where a seed has low rates */
#define SIM_RATE_REFILL_MILLI 50 /* a second */
#define SIM_PEAKS             16
#define SIM_ENDS              64
#define SIM_LAWS_TEXT         512
#define SIM_SPANS             256 /* of half a minute: what was read lately (warm.c) */
#define SIM_SECOND            INT64_C(1000000)
#define SIM_MINUTE            (60 * SIM_SECOND)
#define SIM_HOUR              (60 * SIM_MINUTE)
#define SIM_START_MS          INT64_C(1764000000000) /* what the wall clocks say at the start */
#define SIM_UNSURE_MILLI      1000 /* of a percent: twice the noise of what agents read */
#define SIM_SCALE_IN_PERMILLE 900  /* of a policy's target */
#define SIM_FAR               INT64_MAX

/* What is drawn for, each from a stream of its own (random.h). Faults have theirs, too.
 */
#define SIM_TOPIC_LIST(X)                                                                \
    X(SETTINGS, "settings")                                                              \
    X(GROUPS, "groups")                                                                  \
    X(EC2, "ec2")                                                                        \
    X(CALLS, "calls")                                                                    \
    X(FRAMES, "frames")                                                                  \
    X(PROBES, "probes")                                                                  \
    X(LOAD, "load")                                                                      \
    X(RESTARTS, "restarts")                                                              \
    X(OPERATOR, "operator")                                                              \
    X(LIFE, "life")                                                                      \
    X(HEAL, "heal")                                                                      \
    X(SECRETS, "secrets") /* what the programs ask their system for */                   \
    X(MOVES, "moves")                                                                    \
    X(ENROL, "enrol")                                                                    \
    X(APPLY, "apply")

enum sim_topic {
#define X(name, word) SIM_TOPIC_##name,
    SIM_TOPIC_LIST(X)
#undef X
        SIM_TOPICS
};

enum sim_order_kind {
    SIM_ORDER_SIZE,
    SIM_ORDER_INSTANCE,
    SIM_ORDER_SWITCH,
    SIM_ORDER_SCHEDULE,
    SIM_ORDER_POLICY,
    SIM_ORDER_SHAPE,
    SIM_ORDER_DELETION,
    SIM_ORDER_LOOK,
    SIM_ORDER_TEMPLATE,
    SIM_ORDERS
};

/* index of an ADMIN event */
enum sim_admin { SIM_ADMIN_ORDER, SIM_ADMIN_SETUP, SIM_ADMIN_UNDO, SIM_ADMIN_MOVE };

/* What the policies that track go by besides their target and window, as presets have it;
 * all 0: nothing. */
struct sim_knobs {
    uint32_t out_permille; /* 0: at once above the target */
    uint32_t far_permille;
    bool counts_warming;
    uint32_t patience;
    int64_t saturation_milli;
    uint32_t at_once_percent;
    uint32_t ten_minutes_percent;
};

/* What a seed has and others have not, each drawn from a stream of its own. */
struct sim_features {
    bool has_neighbour; /* another cluster in the account */
    bool is_mixed;
    uint32_t on_demand_base;
    uint32_t on_demand_percent;
    bool is_latest;         /* groups name the template's "$Latest" */
    bool is_dry_everywhere; /* what has no capacity is the region */
    bool rebalances;        /* groups ask for capacity rebalance */
    int64_t drain_ms;       /* of a termination; 0: none */
    uint32_t terminating_percent;
    uint32_t terminated_percent;
    uint32_t unhealthy_percent;
    bool has_low_rates;   /* EC2 allows few calls */
    int64_t retention_ms; /* of the log's metrics; 0: for ever */
    uint32_t orders;      /* bits 1 << sim_order_kind: which the operator gives */
    struct sim_knobs knobs;
    bool moves;          /* instances stand by, are attached and detached (moves.c) */
    bool keeps_policies; /* the operator leaves policies that only add or only remove */
};

enum sim_link { SIM_LINK_AGENTS, SIM_LINK_WORKERS, SIM_LINK_ADMIN, SIM_LINKS };

/* When something takes its next turn; a later wish does not push an earlier one away. */
struct sim_turn {
    int64_t at_us;
    uint64_t number;
};

struct sim_clock {
    int64_t ahead_us; /* gathered by drift */
    int64_t since_us;
    int32_t drift_ppm;
    int64_t shift_ms; /* of the wall clock */
};

struct sim_process {
    bool is_up;
    bool is_dying; /* nothing it does from now on is seen by anybody */
    int64_t paused_until_us;
    struct sim_clock clock;
    struct sim_turn turn;
};

struct sim_worker {
    struct sim_process process;
    struct asg_worker *worker;
    struct asg_ec2_client *ec2;
    struct asg_bus_connection *connection;
    struct asg_ec2_transport *transport;
    struct asg_bytes frame;
    bool is_cut;              /* by a scenario */
    int64_t refused_until_us; /* its credentials, by EC2 */
    bool is_stopping;         /* cleanly: it finishes what it has */
    int64_t stop_until_us;
    int64_t failed_us; /* when a call that changes something failed last */
    bool is_doomed;    /* the next call that changes something is its last */
    bool is_lost;      /* dead for good */
};

enum sim_load_shape {
    SIM_LOAD_STEADY,
    SIM_LOAD_RAMP,
    SIM_LOAD_SPIKE,
    SIM_LOAD_DAILY,
    SIM_LOAD_SAWTOOTH,
    SIM_LOAD_NOISE,
    SIM_LOAD_SHAPES
};

struct sim_load {
    enum sim_load_shape shape;
    int64_t base_milli; /* thousandths of an instance */
    int64_t peak_milli;
    int64_t period_us;
};

/* The lowest and highest CPU that warm instances read in one span of time. */
struct sim_span {
    int64_t no;
    int64_t low_milli;
    int64_t high_milli;
    int64_t honest_low_milli; /* without what a lying agent said */
    int64_t honest_high_milli;
};

/* A scheduled action, as its durable order says. */
struct sim_schedule {
    bool is_there;
    char name[16];
    int64_t every_ms; /* 0: once */
    int64_t end_ms;   /* 0: none */
    int64_t due_ms;   /* SIM_FAR: never again */
    int64_t seen_ms;  /* time of the first record from then on; 0: none yet */
    int64_t min;      /* ASG_UNSET, as max */
    int64_t max;
};

/* What the books say of a group: the checkers' own, from durable events only. */
struct sim_group {
    char name[32];
    uint32_t no; /* core's number, in order of creation; 0: it does not exist */
    bool exists; /* durably: it was created and is not gone */
    bool is_deleting;
    bool is_dry_run;
    int64_t dry_run_since_us;
    int64_t halted_since_us;
    int64_t suspended_since_us[ASG_PROCESS_COUNT];
    bool has_policy;         /* the one that every group has */
    uint32_t extra_policies; /* bits, sim_extra_policies */
    struct sim_schedule schedules[SIM_SCHEDULES];
    int64_t ordered_us;        /* the last time an order or a schedule changed its size */
    int64_t spent_us;          /* when that was done */
    uint32_t desired;          /* durably */
    uint32_t peaks[SIM_PEAKS]; /* members at most, each of a minute */
    int64_t peak_no;
    int64_t ended_ms[SIM_ENDS]; /* log time of those that health ended lately */
    bool ended_by_health[SIM_ENDS];
    const struct sim_instance *ended[SIM_ENDS];
    uint64_t end_count;
    uint32_t alive;   /* pending or running in EC2's books */
    uint32_t strays;  /* of them: started by somebody else */
    uint32_t serving; /* with an agent that runs */
    struct sim_load load;
    int64_t steady_milli; /* >= 0: the load does not move any more */
    uint32_t min;
    uint32_t max;
    uint32_t meant_min; /* as it was created, and will be again */
    uint32_t meant_max;
    int64_t stabilisation_ms;
    int64_t target_milli;
    int64_t evaluation_ms;
    uint32_t largest_max; /* of the last 13 hours */
    uint32_t older_max;
    int64_t max_changed_us;
    int64_t scaled_out_ms;               /* by the policy, log time */
    enum asg_decision_kind last_scaling; /* by a policy, of a calm stretch */
    uint32_t turns;                      /* in it: not as the one before */
    int64_t calm_since_us;               /* nothing but policies changed it since */
    int64_t silent_since_us;             /* mass silence is on; 0: not */
    int64_t
        muted_since_us; /* some of its agents were cut off, or one that was heard ended */
    int64_t silent_until_us;
    uint32_t silent_share; /* percent of its agents */
    int64_t lied_until_us; /* when one of its agents lied last; 0: never */
    bool is_halted;
    uint64_t suspended;
    struct sim_span spans[SIM_SPANS];
    int64_t let_go_us;   /* frames that the network had held came at once; 0: never */
    int64_t let_from_us; /* the oldest of them was sent then */
};

struct sim_agent {
    struct sim_process process;
    struct asg_reporter reporter;
    struct asg_bus_outlet *outlet; /* NULL: it was not told yet where reports go */
    bool is_member;                /* it has a certificate; outlives its process */
    bool is_up;                    /* its connection, when it looked last */
    struct asg_enrol_timer timer;
    uint64_t ask;             /* how often it asked */
    int64_t refused_since_us; /* its keys, by the controller; 0: not */
};

struct sim_instance {
    char id[ASG_WORLD_ID_SIZE];
    char token[ASG_WORLD_TOKEN_MAX + 1];
    struct sim_cluster *cluster; /* whose tags it has */
    struct sim_group *group;     /* NULL: of none that we know */
    uint64_t job_id;
    uint32_t attempt;
    bool is_spot;  /* EC2 may take it back */
    bool is_stray; /* started by hand, not by a job */
    bool is_lost;  /* its job is: the log does not know it, until somebody settles it */
    bool was_lost; /* its job's number may be another's by now */
    bool is_alive; /* pending or running */
    bool is_booted;
    bool is_hung;
    bool is_agent_hung; /* the agent alone: its host answers */
    unsigned lies;      /* bits 1 << lie (lies.c); 0: it is honest */
    uint32_t zone;      /* in asg_world_zones() */
    unsigned notices;   /* bits 1 << sign: what its agent reads of EC2 and says */
    int64_t notice_ms;
    bool has_lost_agent; /* for good: somebody has to replace it */
    bool never_boots;
    bool is_muted;        /* by mass silence */
    bool was_known;       /* reported for a while before that */
    bool is_heard;        /* durably: it has reported once */
    bool is_silent;       /* durably: and does not any more */
    bool is_protected;    /* durably, against scale-in */
    int64_t ill_since_us; /* hung, silent, without agent: may be replaced; 0: well */
    int64_t well_since_us;
    bool is_called_ill; /* by a durable order, which core may ignore in its grace */
    int64_t started_us;
    int64_t ended_us;         /* in EC2 */
    int64_t first_read_us;    /* of a report that was sent; 0: none yet */
    int64_t heard_us;         /* when the first one was durable; 0: not yet */
    bool is_over;             /* durably: core has ended it, or seen that it ended */
    enum asg_cause end_cause; /* of that */
    bool was_serving;         /* until then */
    bool is_kept_by_ec2;      /* somebody protects it there */
    bool is_foreign;          /* started without tags of ours, and never attached */
    bool stands_by;           /* durably, as the next two */
    bool is_attached;         /* to its group: its agent has no line of ours */
    bool is_detached;         /* its group has let it go: it is nobody's */
    int64_t drain_from_ms;    /* log time; 0: it was not asked to drain */
    int64_t drain_limit_ms;
    bool is_drained; /* durably */
    char address[16];
    uint32_t generation;       /* of its agent's keys, from 1: its disk was made anew */
    uint32_t bound_generation; /* durably; 0: none is bound */
    uint32_t spoke_generation; /* a report was sent with these keys */
    int64_t unbound_us;        /* when it was bound last, and is not any more */
    bool is_rebound;           /* the binding goes by a durable order */
    struct sim_agent agent;
};

/* What a job may do, from its durable plan. */
struct sim_job {
    uint64_t id;
    uint32_t attempt;
    enum asg_job_kind kind;
    uint32_t count;
    uint32_t launched; /* instances EC2 started for it */
    bool is_over;      /* its job is closed, or at a later attempt */
    bool is_lost;      /* planned in a part of the log that an old copy took away */
    char token[ASG_CLIENT_TOKEN_MAX + 1];
};

/* Of request_rates_are_kept. */
struct sim_bucket {
    int64_t level_milli;
    int64_t since_us;
};

struct call;
struct sim_backup;
struct sim_disk;
struct sim_frame;
struct sim_probe;

/* A controller with its log, its workers, its groups and its agents, its operator, and
 * what the checkers know of it. All clusters of a run are in one account of one EC2. */
struct sim_cluster {
    /* the controller's host */
    struct asg_arena settings_arena;
    struct asg_controller_settings settings;
    struct sim_process host;
    int64_t away_since_us; /* the controller's last absence, short stays within it */
    int64_t back_us;       /* its last start */
    struct asg_controller *controller;
    struct asg_ingest *ingest;
    struct asg_prober *prober;
    struct sim_turn ingest_turn;
    struct sim_turn prober_turn;
    int64_t ingest_lag_us;
    struct sim_disk *disk;
    struct sim_backup *backup; /* NULL: none was taken */
    bool is_disk_full;

    /* its links */
    struct asg_bus_listener *listeners[SIM_LINKS]; /* NULL: not listening */
    bool is_cut_up[SIM_LINKS];                     /* towards the controller, for all */
    bool is_cut_down[SIM_LINKS];
    bool holds_frames; /* what is sent over what is cut waits for its end */
    struct sim_frame *held;
    struct sim_frame *held_last;
    uint32_t held_count;
    int64_t agents_cut_since_us; /* no report of any arrives; 0: they do */

    /* the programs */
    struct sim_worker workers[SIM_WORKERS_MAX];
    uint32_t worker_count;
    struct sim_probe *probes;
    struct asg_bus_connection *admin;
    uint64_t request_no;
    bool is_in_line;    /* what is ordered now follows an order of the admin socket */
    struct call *calls; /* by the API, of this controller (calls.c) */
    struct sim_turn order_turn;
    struct sim_turn move_turn;
    /* the books */
    struct sim_group groups[SIM_GROUPS_MAX];
    uint32_t group_count;
    struct sim_job *jobs;
    size_t job_count;
    size_t job_capacity;
    struct asg_id_map job_places; /* by number and attempt: in jobs */
    struct asg_id_map ends;       /* instances that a durable job terminates */
    struct asg_id_map tagged;     /* and those that one tags, or untags */
    uint64_t last_seq;
    uint64_t last_epoch;
    uint32_t groups_made;
    struct asg_group_metric last_metrics[SIM_GROUPS_MAX];
    int64_t halted_since_us;
    struct sim_bucket buckets[ASG_JOB_COUNT];
    struct sim_replay *replay;         /* law_replay's */
    struct sim_activities *activities; /* law_activities' */
    const void *viewed;                /* law_view_after_turn's: this root of this view */
    uint64_t viewed_number;
    uint8_t *durable_orders;
    uint64_t durable_order_end;
    bool is_halted;
    bool checks_bindings; /* a controller leads that has not been asked for them yet */
    bool learns_bindings; /* its log is an old copy: they are what it says */
};

struct sim_counts {
    uint64_t events;
    uint64_t frames;
    uint64_t reports;
    uint64_t calls;
    uint64_t launches;
    uint64_t ends;
    uint64_t decisions;
    uint64_t commits;
    uint64_t prunes;
    uint64_t leads;
    uint64_t commands;
};

struct sim_options {
    uint64_t seed;
    int64_t fault_us; /* length of the part with faults; 0: drawn */
    uint64_t budget;  /* agents' reports a run is made for */
    bool is_narrated;
    bool is_second;       /* the same seed again: its log is judged by the first one */
    bool is_long;         /* weeks of one cluster, mostly calm (life.c) */
    const char *scenario; /* a file; NULL: none */
};

enum sim_phase { SIM_PHASE_TROUBLE, SIM_PHASE_HEAL, SIM_PHASE_BURST };

struct sim {
    struct sim_options options;
    int64_t now_us;
    struct sim_queue queue;
    uint64_t turn_number;
    uint64_t looks;
    struct sim_random streams[SIM_TOPICS];
    struct sim_features features;
    struct sim_swarm swarm;
    bool is_quiet; /* faults are over */
    bool is_calm;  /* and all is well again, in a long life */
    bool is_over;
    int64_t quiet_since_us;
    int64_t converged_us; /* after quiet_since_us; -1 */
    int64_t slowest_us;   /* of all bursts of a life */
    uint64_t bursts;
    double instance_us; /* instances, each for as long as it lived */
    struct sim_counts counts;
    struct asg_arena arena; /* of one step */

    /* the bus */
    struct asg_bus_connection **peers; /* by number; NULL: gone */
    size_t peer_count;
    size_t peer_capacity;
    struct asg_bus_connection *connections;
    struct sim_frame *spare_frames;

    /* EC2 */
    struct asg_world *world;
    struct asg_world_effects effects;
    struct asg_rate rate;
    struct sim_turn world_turn;
    int64_t dry_until_us[ASG_WORLD_ZONES];
    int64_t lag_until_us;
    int64_t lag_ms;
    int64_t away_until_us;
    bool is_away_silent; /* it does not even answer with errors */
    int64_t no_boot_until_us;
    int64_t dies_until_us;
    int64_t throttled_until_us; /* these three by a scenario */
    int64_t failing_until_us;
    int64_t losing_until_us;
    char template_ids[SIM_TEMPLATES][ASG_WORLD_ID_SIZE];
    struct sim_instance **instances;
    size_t instance_count;
    size_t instance_capacity;
    size_t first_alive; /* all before are over */
    struct asg_id_map by_id;
    struct asg_ec2_exchange *exchanges;

    /* what runs in it: controllers with their workers, each for itself */
    struct sim_cluster clusters[SIM_CLUSTERS_MAX];
    uint32_t cluster_count;
    int64_t operator_mean_us;
    int64_t agent_interval_ms;

    /* what broke */
    bool is_broken;
    char law[64];
    char why[SIM_LAWS_TEXT];
    uint8_t digest[32];
};

/* The linker puts the fakes in the place of functions that know nothing of a simulator:
 * they find it here. One run at a time. */
extern struct sim sim;

static inline struct sim_random *sim_of(enum sim_topic topic)
{
    return &sim.streams[topic];
}

/* The cluster whose turn it is. Events, frames, calls and commits are those of one; what
 * happens to an instance happens to its cluster. */
extern struct sim_cluster *our;

/* Gives the turn to another; the return value is who had it. */
struct sim_cluster *sim_enter(struct sim_cluster *cluster);
void sim_each_cluster(void (*act)(void)); /* who had the turn has it afterwards */

/* ---- sim.c ---- */
void sim_begin(const struct sim_options *options);
void sim_run(void); /* until over or broken */
void sim_end(void);
void sim_put(int64_t at_us, enum sim_event_kind kind, uint32_t index, uint64_t number,
             void *object);
void sim_wish(struct sim_turn *turn, int64_t at_us, enum sim_event_kind kind,
              uint32_t index);
/* A law was broken; the first one is kept and ends the run. */
void sim_break(const char *law, const char *format, ...) ASG_PRINTF(2, 3);
void sim_tell(const char *who, const char *format, ...) ASG_PRINTF(2, 3);
bool sim_strikes(enum sim_fault fault); /* by chance, counted; never when quiet */
int64_t sim_wall_ms(void);

/* ---- nodes.c: processes come and go ---- */
struct asg_clock sim_clock_of(struct sim_process *process);
int64_t sim_mono_us(const struct sim_process *process);
void sim_start_controller(void);
void sim_stop_controller(bool is_crash);
void sim_start_worker(uint32_t index);
void sim_stop_worker(uint32_t index);
void sim_stop_worker_cleanly(uint32_t index);
void sim_start_agent(struct sim_instance *instance);
void sim_stop_agent(struct sim_instance *instance);
void sim_controller_turn(void);
void sim_ingest_turn(void);
void sim_prober_turn(void);
void sim_worker_turn(uint32_t index);
void sim_agent_turn(uint32_t index);
void sim_die(struct sim_process *process); /* from within its own turn */

/* ---- fake_bus.c ---- */
void sim_deliver(void *frame);
void sim_bus_clear(void);
void sim_release_frames(void); /* what waited at a cut link comes at once */
uint64_t sim_request_no(void); /* of the order that the controller takes now */
enum asg_status sim_connect(enum sim_link link, uint32_t index, const char *address,
                            struct asg_bus_connection **ret);
/* An agent's, to the inlet; it is admitted while that key (z85) is in the inlet's set. */
enum asg_status sim_connect_agent(uint32_t index, const char *key, const char *address,
                                  struct asg_bus_outlet **ret);

/* A frame of somebody whose key is not admitted. */
void sim_send_unadmitted(uint32_t index, const char *key, const void *data,
                         size_t length);

/* ---- enrol.c ---- */
void sim_keys_of(const struct sim_instance *instance, uint32_t generation,
                 char curve_key[ASG_BUS_KEY_SIZE], char tls_key[ASG_KEY_HASH_SIZE]);
bool sim_is_admitted(const struct sim_instance *instance);    /* its agent's reports */
bool sim_agent_has_line(const struct sim_instance *instance); /* in its user data */
void sim_agent_connect(struct sim_instance *instance);
/* Asks, if it is due; what of reports it has held leaves when they may. */
void sim_agent_enrol(struct sim_instance *instance, const struct asg_uplink *uplink);
void sim_enrol_event(void *call);
void sim_report_early(const struct sim_instance *instance); /* before it is enrolled */
bool sim_reimage(struct sim_instance *instance);
void sim_order_rebind(const struct sim_instance *instance);
void sim_rebind_refused(void);
bool sim_steal(struct sim_instance *victim);
void sim_steal_young(struct sim_instance *instance); /* one that has just been launched */

/* ---- disk.c ---- */
void sim_disk_new(struct sim_disk **ret);
void sim_disk_destroy(struct sim_disk **disk);
uint64_t sim_disk_durable(const struct sim_disk *disk); /* records */
void sim_disk_go_back(struct sim_disk *disk, uint64_t seq);
struct asg_log *sim_disk_log(struct sim_disk *disk);

/* ---- fake_edges.c ---- */
void sim_probe_answer(void *probe);
void sim_drop_probes(void);

/* ---- fake_ec2.c ---- */
extern const struct asg_ec2_transport_kind sim_transport;
void sim_ec2_begin(void);
/* Whose tags they are; those of nobody are the caller's. */
struct sim_cluster *sim_cluster_of(const struct asg_world_tags *tags);
void sim_ec2_end(void);
void sim_ec2_arrive(void *flight);
void sim_ec2_answer(void *flight);
void sim_ec2_drop(void *flight); /* at the end of a run */
void sim_world_turn(void);
void sim_world_kill(struct sim_instance *instance);
/* False: it does not run, or EC2 says that only of Spot instances. */
bool sim_world_announce(struct sim_instance *instance, enum asg_world_notice notice,
                        const char *code, int64_t at_ms);
bool sim_world_protect(struct sim_instance *instance);
void sim_world_heal(struct sim_instance *instance); /* nothing of that any more */
/* Somebody starts one like this one, without our tags; NULL: EC2 does not. */
struct sim_instance *sim_world_foreign(const struct sim_instance *like);
/* Somebody starts one by hand like this one, with the tags of its group. */
enum sim_stray { SIM_STRAY_COPY, SIM_STRAY_NO_JOB, SIM_STRAY_OTHER_JOB, SIM_STRAYS };
bool sim_world_stray(const struct sim_instance *like, enum sim_stray stray);
int64_t sim_transport_wait_ms(struct asg_ec2_transport *transport);
size_t sim_transport_delivered(struct asg_ec2_transport *transport);

/* ---- load.c ---- */
void sim_load_draw(struct sim_load *load, struct sim_random *random, uint32_t max);
int64_t sim_load_now(const struct sim_group *group);

/* ---- life.c: a long one, mostly calm ---- */
void sim_life_draw(void);         /* of the first cluster, and what all share */
void sim_life_draw_cluster(void); /* of one more */
void sim_life_burst(void);
bool sim_life_goes_on(void); /* all is well again: is there a next calm? */

/* ---- trouble.c: faults that strike by time ---- */
void sim_trouble_begin(void);
void sim_trouble(const struct sim_event *event);
/* The end of a fault after so long; `what` comes back with it. */
void sim_trouble_until(int64_t after_us, enum sim_fault fault, uint64_t what);
bool sim_is_ours(const struct sim_instance *instance);            /* and lives */
struct sim_instance *sim_any_instance(struct sim_random *random); /* NULL: none */

/* ---- backup.c: the log goes back to a copy ---- */
bool sim_backup_take(void); /* false: there is one, or the log is pruned */
void sim_backup_restore(void);
bool sim_is_restored(void);
void sim_backup_clear(void);

/* ---- mend.c: the end of all troubles ---- */
void sim_heal(void);
void sim_mend(void);

/* ---- operator.c ---- */
extern const char *const sim_extra_policies[SIM_EXTRA_POLICIES];
void sim_operate(void);
void sim_order_unknown(bool is_adopted); /* what the log does not know, all of it */
void sim_settle_unknown(void);           /* so, after a while */
void sim_undo(uint64_t number);          /* what an order was to be for a time */
void sim_order(struct asg_command *command);

/* Send the order, or an apply with the same change (apply.c). */
void sim_send_in_parts(const struct asg_command *command, uint64_t request_no,
                       void (*send)(const struct asg_command *command, uint64_t no));
/* Each change of an apply as the order that it would be alone. */
void sim_each_part(const struct asg_command *command, int64_t time_ms,
                   void (*take)(const struct asg_command *part, int64_t time_ms));
/* calls.c: the order by the API; and all that were handed in must be answered by now. */
void sim_call(const struct asg_command *command, uint64_t order_no);
void sim_end_calls(void);
void sim_order_group(const struct sim_group *books); /* to create it, with its policy */
void sim_order_dry_run(const struct sim_group *group, bool is_on);
void sim_order_policy(const struct sim_group *group);
/* So that load and network are measured, too. */
void sim_order_watch(const struct sim_group *group);
void sim_order_no_policy(const struct sim_group *group, uint32_t which);
void sim_order_no_schedule(const struct sim_group *group, const char *name);
void sim_unhalt(void);
void sim_unhalt_group(const struct sim_group *group);
void sim_take_answer(const struct asg_answer *answer);

/* ---- moves.c: standby, attach and detach ---- */
void sim_move(void);
void sim_move_back(void); /* after the faults: nobody stands by or is attached */
void sim_note_moved(const struct asg_command *command, struct sim_group *group);
void sim_note_let_go(struct sim_instance *instance); /* detached, or not attached */
bool sim_has_our_tags(const struct sim_instance *instance); /* in EC2, now */

/* ---- scenario.c ---- */
void sim_scenario_load(const char *path);
void sim_scenario_groups(void);
void sim_scenario_step(void);

/* ---- lies.c: an agent that says what it likes ---- */
#define SIM_MEMORY_MILLI  30000               /* percent: of every honest agent */
#define SIM_NETWORK_MILLI INT64_C(1000000000) /* bytes a second: a byte a microsecond */
bool sim_lie_begin(struct sim_instance *instance);
unsigned sim_lie_notices(const struct sim_instance *instance); /* bits, as `notices` */
int64_t sim_lie_cpu(const struct sim_instance *instance, int64_t value_milli);
void sim_lie(const struct sim_instance *instance, struct asg_report *report);
void sim_lie_often(struct sim_instance *instance, const struct asg_uplink *uplink);
bool sim_is_lied_to(const struct sim_group *group); /* or was, not long ago */

/* ---- warm.c: which instances count, and what they can have measured ---- */
/* What a reader of the instance's CPU is to say, `value_milli` unless it has just
 * started. */
int64_t sim_warm_read(struct sim_instance *instance, int64_t value_milli);
/* What it read before, and could not send then, leaves now. */
void sim_warm_sent(struct sim_instance *instance, int64_t value_milli);
/* A frame of an agent of this group, sent then and held on its way, comes only now. */
void sim_warm_let_go(struct sim_group *group, int64_t sent_us);
/* Of all that may have been counted in the last over_us; false: too long ago to know. */
bool sim_warm_reads(const struct sim_group *group, int64_t over_us, int64_t *ret_low,
                    int64_t *ret_high);
/* The same, of honest agents alone; none: low is above high. */
bool sim_warm_honest(const struct sim_group *group, int64_t over_us, int64_t *ret_low,
                     int64_t *ret_high);
/* How many are warm for certain, and how many may be. */
void sim_warm_count(const struct sim_group *group, uint32_t *ret_least,
                    uint32_t *ret_most);

/* ---- books.c ---- */
struct sim_instance *sim_find_instance(const char *id);
struct sim_group *sim_find_group(struct sim_cluster *cluster, const char *name);
struct sim_job *sim_find_job(uint64_t id, uint32_t attempt);
struct sim_job *sim_find_job_of_token(const char *token);
void sim_durable(const struct asg_record *records, size_t count);
void sim_books_clear(void);
bool sim_is_end_planned(const char *id); /* by a durable job */

/* ---- schedules.c: what the books say of scheduled actions ---- */
void sim_schedule_put(struct sim_group *group, const struct asg_schedule_config *config,
                      int64_t time_ms);
void sim_schedule_delete(struct sim_group *group, const char *name);
void sim_schedule_ran(struct sim_group *group, const struct asg_decision *decision,
                      int64_t time_ms);

/* By what only adds, or only removes. */
bool sim_only_adds(const char *policy);
bool sim_only_removes(const char *policy);

/* Of the policy that every group has. */
bool sim_is_targets(const struct asg_decision *decision);

/* ---- checkers: called as things happen ---- */
void sim_check_frame_out(enum sim_link link, const void *data, size_t length);
void sim_check_frame_in(enum sim_link link, const void *data, size_t length);
void sim_check_call(const char *action, const char *token, const char *const *ids,
                    size_t id_count);
void sim_check_launched(struct sim_instance *instance, uint32_t of_token);
void sim_check_plan(const struct asg_job *plan, int64_t time_ms);
void sim_check_decision(const struct asg_decision *decision, int64_t time_ms);
void sim_check_look(void);

void law_never_above_max(const struct sim_instance *instance);
void law_no_launch_twice(const struct sim_instance *instance, uint32_t of_token);
void law_no_terminate_of_protected(const struct asg_decision *decision);
void law_no_mass_termination(const struct asg_decision *decision);
void law_neighbours_decision(const struct asg_decision *decision);
void law_neighbours_plan(const struct asg_job *plan);
void law_neighbours_call(const char *action, const char *const *ids, size_t id_count);
void law_neighbours_template(const struct asg_world_template *template);
void law_neighbours_launched(const struct sim_instance *instance);
void law_committed_first_frame(const struct asg_job_message *message);
void law_committed_first_call(const char *action, const char *token,
                              const char *const *ids, size_t id_count);
void law_committed_first_template(const char *token);
void law_halted_worker_rests(const struct sim_worker *worker);
void law_plan_while_stopped(const struct asg_job *plan);
void law_stopped_rests(const struct asg_job *job);
void law_drained_first(const struct asg_job *plan, int64_t time_ms);
void law_shares_of_ends(const struct asg_decision *decision, int64_t time_ms);
void law_schedules(int64_t time_ms);
void law_suspended_rests(const struct asg_decision *decision);
void law_rates_begin(void); /* a controller begins to lead */
void law_rates(const struct asg_job *job);
void law_rates_back(uint64_t job_id); /* handed back, never begun */
void law_acknowledged_survive(uint64_t order_no);
void law_call_is_settled_once(uint64_t order_no, bool is_settled);
void law_call_is_settled(uint64_t order_no, bool is_settled);
void law_activities(const struct asg_effects *effects, int64_t time_ms);
void law_activities_go_back(void); /* with the log, to an older copy */
void law_activities_clear(void);
void law_view_after_turn(void);
void law_view_when_answered(void);
void law_log_has_no_gap(const struct asg_record *record);
void law_log_verifies(void);
void law_replay(void);
void law_replay_until(uint64_t seq); /* of the log that is open */
void law_replay_clear(void);
void law_reason(const struct asg_decision *decision, int64_t time_ms);
void law_no_flapping(const struct asg_decision *decision, int64_t time_ms);
void law_to_and_fro(const struct asg_decision *decision);
void law_old_log_plan(const struct asg_job *plan);
void law_old_log_token(const struct asg_job *plan, const struct sim_job *old);
void law_applies_are_whole(const struct asg_command *command,
                           const struct asg_effects *effects);
void law_moved_decision(const struct asg_decision *decision);
void law_moved_plan(const struct asg_job *plan);
void law_moved_order(const struct asg_command *command,
                     const struct asg_effects *effects);
void law_tags_were_planned(const char *action, const char *const *ids, size_t id_count);
const char *law_let_go(void);
void law_one_agents_share(const struct asg_metrics *metrics);
void law_dead_letters(void);
void law_taken_back(const struct asg_decision *decision);
void law_bound(const struct asg_effects *effects);
void law_bound_order(const struct asg_command *command);
void law_heard(const struct asg_health *health);
void law_bindings_survive(void);
/* NULL when it holds now, else what is missing. */
const char *law_activities_end(void);
const char *law_not_below_min(void);
const char *law_sized_for_load(void);
const char *law_no_orphan(void);
const char *law_desired_reached(void);

#endif
