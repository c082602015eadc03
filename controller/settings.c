#include "controller/settings.h"

#include "base/log.h"
#include "model/group.h"

static const char *const log_levels[] = {"debug", "info", "warn", "error"};
static const struct asg_enum log_level_words = {"log level", log_levels, 4};
static const struct asg_enum log_format_words = {"log format", asg_log_formats, 4};

#define AT(field) .offset = offsetof(struct asg_controller_settings, field)
#define SECOND    INT64_C(1000)
#define MINUTE    (60 * SECOND)
#define HOUR      (60 * MINUTE)
#define DAY       (24 * HOUR)

static const struct asg_config_key keys[] = {
    {"dir", ASG_CONFIG_PATH, AT(dir), "/var/lib/openasg", .unit = "",
     .help =
         "folder of the log, the keys and the user data of templates; created with mode "
         "0700"},
    {"listen.agents", ASG_CONFIG_ENDPOINT, AT(listen_agents), "tcp://127.0.0.1:7701",
     .unit = "", .help = "where agents report; port * picks a free one"},
    {"listen.workers", ASG_CONFIG_ENDPOINT, AT(listen_workers), "tcp://127.0.0.1:7702",
     .unit = "", .help = "where workers take jobs"},
    {"listen.admin", ASG_CONFIG_ENDPOINT, AT(listen_admin), "tcp://127.0.0.1:7703",
     .unit = "", .help = "admin address: where the openasg command connects"},
    {"listen.http", ASG_CONFIG_TEXT, AT(listen_http), "127.0.0.1:7704", .unit = "",
     .help = "address:port of /healthz, /readyz and /metrics; port 0 picks a free one, "
             "empty serves none"},
    {"listen.enrol", ASG_CONFIG_TEXT, AT(listen_enrol), "127.0.0.1:7708", .unit = "",
     .help = "address:port where agents enrol and renew their certificates, over TLS; "
             "port 0 picks a free one"},
    {"listen.api", ASG_CONFIG_TEXT, AT(listen_api), "", .unit = "",
     .help =
         "address:port of the Auto Scaling API; port 0 picks a free one, empty serves "
         "none"},
    {"api.keys", ASG_CONFIG_PATH, AT(api_keys), "", .unit = "",
     .help =
         "file of the access keys that may sign for the API, mode 0600; `openasg keys "
         "make-api` writes it, and it is read again when it changes; empty: api-keys in "
         "dir"},
    {"api.certificate", ASG_CONFIG_PATH, AT(api_certificate), "", .unit = "",
     .help = "PEM file of the API's certificate and those that lead to its root; read "
             "again on SIGHUP; needed when listen.api is not on loopback"},
    {"api.private_key", ASG_CONFIG_PATH, AT(api_private_key), "", .unit = "",
     .help = "PEM file of its private key, not readable by others"},
    {"api.behind_proxy", ASG_CONFIG_BOOL, AT(api_behind_proxy), "false", .unit = "",
     .help =
         "a proxy in front of the API does TLS: plain HTTP beyond loopback is allowed"},
    {"api.settle", ASG_CONFIG_DURATION, AT(api_settle_ms), "0s", 0, 10 * SECOND, NULL, "",
     "how long answers to requests that launch or terminate instances wait for the ids "
     "and for the terminations; 0s: not at all"},
    {"region", ASG_CONFIG_TEXT, AT(region), "us-east-1", .unit = "",
     .help = "of this controller: API clients sign for it, and ARNs contain it"},
    {"account_id", ASG_CONFIG_TEXT, AT(account_id), "000000000000", .unit = "",
     .help = "of this controller: twelve digits, part of ARNs; in YAML in quotes"},
    {"limits.groups", ASG_CONFIG_NUMBER, AT(groups_limit), "500", 1, ASG_GROUPS_MAX, NULL,
     "groups", "that clients of the API may have; this and those below are AWS's quotas"},
    {"limits.launch_configurations", ASG_CONFIG_NUMBER, AT(launch_configurations_limit),
     "200", 1, ASG_LAUNCH_CONFIGURATIONS_MAX, NULL, "launch configurations",
     "that clients of the API may have"},
    {"limits.policies", ASG_CONFIG_NUMBER, AT(policies_limit), "50", 1,
     ASG_POLICIES_PER_GROUP, NULL, "policies", "of a group"},
    {"limits.schedules", ASG_CONFIG_NUMBER, AT(schedules_limit), "125", 1,
     ASG_SCHEDULES_PER_GROUP, NULL, "scheduled actions", "of a group"},
    {"limits.tags", ASG_CONFIG_NUMBER, AT(tags_limit), "50", 1, ASG_TAGS_MAX, NULL,
     "tags", "of a group"},
    {"strangers.connections", ASG_CONFIG_NUMBER, AT(strangers), "500", 1, 100000, NULL,
     "connections",
     "that all strangers together (addresses of no instance of ours) may hold at each "
     "port"},
    {"strangers.connects", ASG_CONFIG_NUMBER, AT(strangers_connects), "200", 1, 100000,
     NULL, "a second",
     "new connections of strangers at each port; a handshake costs 0.7 ms of a core"},
    {"address.connections", ASG_CONFIG_NUMBER, AT(address_connections), "64", 1, 100000,
     NULL, "connections",
     "that one address may hold at a port; of IPv6 strangers, one /64"},
    {"address.connects", ASG_CONFIG_NUMBER, AT(address_connects), "50", 1, 100000, NULL,
     "a second", "new connections of one address at a port"},
    {"announce.agents", ASG_CONFIG_TEXT, AT(announce_agents), "", .unit = "",
     .help = "endpoints for reports that agents receive, commas between; empty: "
             "listen.agents, which must then be an address of this host"},
    {"announce.enrol", ASG_CONFIG_TEXT, AT(announce_enrol), "", .unit = "",
     .help = "host:port that launched instances enrol at, several with commas between; "
             "empty: listen.enrol, which must then be an address of this host"},
    {"endpoint_file", ASG_CONFIG_PATH, AT(endpoint_file), "", .unit = "",
     .help = "file written when the controller is ready: one endpoint a line"},
    {"allow.workers", ASG_CONFIG_PATH, AT(workers_allowed), "", .unit = "",
     .help = "folder of NAME.pub, the keys of workers that may take jobs; empty: "
             "workers.d in dir"},
    {"allow.admins", ASG_CONFIG_PATH, AT(admins_allowed), "", .unit = "",
     .help = "folder of NAME.pub, the keys that may use the openasg command; empty: "
             "admins.d in dir"},
    {"allow.plaintext", ASG_CONFIG_BOOL, AT(allow_plaintext), "false", .unit = "",
     .help = "no encryption and no keys on any socket: for measurements only"},
    {"enrol.check_address", ASG_CONFIG_BOOL, AT(enrol_check_address), "true", .unit = "",
     .help = "an agent must enrol from the private address EC2 gave its instance"},
    {"enrol.certificate_life", ASG_CONFIG_DURATION, AT(enrol_life_ms), "24h", MINUTE,
     365 * DAY, NULL, "",
     "how long an agent's certificate is valid; it is renewed after two thirds of that, "
     "and an expired one is not held against the instance"},
    {"enrol.pending", ASG_CONFIG_NUMBER, AT(enrol_pending), "1000", 1, 8000, NULL,
     "enrolments",
     "that may wait at the same time for their proof or for the log; more are asked to "
     "try again"},
    {"enrol.address_calls", ASG_CONFIG_NUMBER, AT(enrol_address_calls), "64", 1, 100000,
     NULL, "calls",
     "that one address may have open at the same time; more are asked to try again"},
    {"enrol.proofs", ASG_CONFIG_TEXTS, AT(enrol_proofs), "token", .unit = "",
     .help = "how agents may prove that they run on their instance: token (of the join "
             "line), sts (its role), document (its identity document)"},
    {"enrol.account", ASG_CONFIG_TEXTS, AT(enrol_account), "", .unit = "",
     .help = "accounts whose instances may enrol by sts or document, in YAML in quotes; "
             "empty: account_id"},
    {"enrol.roles", ASG_CONFIG_TEXTS, AT(enrol_roles), "", .unit = "",
     .help = "names of the roles that instances may enrol with by sts; empty: every role "
             "of the account"},
    {"enrol.sts_endpoint", ASG_CONFIG_URL, AT(enrol_sts_endpoint), "", .unit = "",
     .help = "URL of STS to which proofs by sts are sent, such as a VPC endpoint's; "
             "empty: STS of the Region they were signed for"},
    {"enrol.sts_ca", ASG_CONFIG_PATH, AT(enrol_sts_ca), "", .unit = "",
     .help = "PEM file of the authorities that may have signed STS's certificate; empty: "
             "the system's"},
    {"enrol.document_certificates", ASG_CONFIG_PATH, AT(enrol_document_certificates), "",
     .unit = "",
     .help = "AWS's certificates for RSA-2048 signatures of identity documents: a folder "
             "of REGION.pem, or one PEM file for our region"},
    {"reports.missed", ASG_CONFIG_NUMBER, AT(reports_missed), "3", 2, 1000, NULL,
     "reports", "missed in a row before an agent counts as silent"},
    {"reports.silent_after", ASG_CONFIG_DURATION, AT(reports_silent_ms), "1s", 100, HOUR,
     NULL, "", "an agent never counts as silent sooner than this"},
    {"reports.first_after", ASG_CONFIG_DURATION, AT(reports_first_ms), "30s", 100, DAY,
     NULL, "", "how long agents may take to come back after the controller restarted"},
    {"reports.rate_max", ASG_CONFIG_SIZE, AT(rate_max_bytes), "400g", 1024,
     INT64_C(1) << 50, NULL, "bytes a second",
     "of network or disk; an agent that reports more counts as this"},
    {"reports.load_max", ASG_CONFIG_NUMBER, AT(load_max), "100", 1, 1000000, NULL,
     "per core", "of load average; an agent that reports more counts as this"},
    {"probe.concurrency", ASG_CONFIG_NUMBER, AT(probe_concurrency), "200", 1, 10000, NULL,
     "probes", "at the same time"},
    {"probe.deadline", ASG_CONFIG_DURATION, AT(probe_deadline_ms), "1s", 10, MINUTE, NULL,
     "", "for the answer to one probe"},
    {"probe.suspect_every", ASG_CONFIG_DURATION, AT(probe_suspect_ms), "500ms", 10,
     MINUTE, NULL, "", "pause between two probes of a silent instance"},
    {"probe.background_every", ASG_CONFIG_DURATION, AT(probe_background_ms), "60s",
     SECOND, DAY, NULL, "", "every agent is probed once in this time"},
    {"probe.failures", ASG_CONFIG_NUMBER, AT(probe_failures), "2", 1, 100, NULL, "probes",
     "unanswered in a row before it counts as a sign"},
    {"probe.port", ASG_CONFIG_NUMBER, AT(probe_port), "7705", 1, 65535, NULL, "port",
     "of an agent that has not said its own"},
    {"jobs.lease", ASG_CONFIG_DURATION, AT(lease_ms), "15s", 200, HOUR, NULL, "",
     "how long a worker keeps a job without a heartbeat"},
    {"jobs.heartbeat", ASG_CONFIG_DURATION, AT(heartbeat_ms), "3s", 50, HOUR, NULL, "",
     "how often workers send one; at most a third of the lease"},
    {"jobs.delivery_limit", ASG_CONFIG_NUMBER, AT(delivery_limit), "12", 1, 1000, NULL,
     "times", "a job is sent to a worker before it is given up"},
    {"jobs.unproven", ASG_CONFIG_NUMBER, AT(unproven_jobs), "8", 0, 100000, NULL, "jobs",
     "that a worker's key may hold at the same time before it has finished any; beyond "
     "that twice what it finished in the last minute or two; 0: as many as it says"},
    {"jobs.put_aside", ASG_CONFIG_DURATION, AT(aside_ms), "10m", 0, DAY, NULL, "",
     "how long a worker that fails or delays its jobs gets none, while another worker "
     "does better; 0s: never"},
    {"rate.share", ASG_CONFIG_NUMBER, AT(rate_share_percent), "80", 0, 100, NULL,
     "percent", "of EC2's documented request quotas that we use; 0: no limit"},
    {"rate.quotas", ASG_CONFIG_TEXT, AT(rate_quotas), "", .unit = "",
     .help = "EC2's quotas of this account where they are not the documented ones: "
             "ACTION=REQUESTS/A_SECOND[,INSTANCES/A_SECOND], blanks between, as "
             "RunInstances=5/2,1000/2"},
    {"look_up.deadline", ASG_CONFIG_DURATION, AT(look_up_ms), "3s", 50, MINUTE, NULL, "",
     "for what an order must know of EC2 first: subnets, launch templates, instances"},
    {"look_up.keep", ASG_CONFIG_DURATION, AT(look_up_keep_ms), "5m", 0, DAY, NULL, "",
     "how long what EC2 said of subnets, zones and a numbered template version is used "
     "again; 0s: never"},
    {"look_up.keep_changing", ASG_CONFIG_DURATION, AT(look_up_keep_changing_ms), "2s", 0,
     HOUR, NULL, "",
     "the same for $Latest, $Default and images; instances are looked up every time"},
    {"log.snapshot_records", ASG_CONFIG_NUMBER, AT(snapshot_records), "50000", 100,
     100000000, NULL, "records", "between two snapshots of the state"},
    {"log.snapshot_every", ASG_CONFIG_DURATION, AT(snapshot_ms), "10m", SECOND, 30 * DAY,
     NULL, "", "but at the latest after this time"},
    {"log.snapshot_memory", ASG_CONFIG_SIZE, AT(snapshot_memory), "4g", 0,
     INT64_C(1) << 50, NULL, "bytes",
     "that writing a snapshot in the background may take, estimated as ten times the "
     "last one; a larger state is saved while everything else waits"},
    {"log.hash_events", ASG_CONFIG_NUMBER, AT(hash_events), "1000", 1, 100000000, NULL,
     "events", "between two hashes of the state in the log"},
    {"log.hash_bytes", ASG_CONFIG_NUMBER, AT(hash_bytes), "262144", 1024, 1 << 30, NULL,
     "bytes",
     "of the state in each hash and in each part of a snapshot; a larger state is hashed "
     "and written part by part"},
    {"log.keep_metrics", ASG_CONFIG_DURATION, AT(retention_ms), "720h", 0, 3650 * DAY,
     NULL, "",
     "payloads of metrics older than this are pruned, the chain stays; 0s: never"},
    {"log.verify_records", ASG_CONFIG_NUMBER, AT(verify_records), "1000000", 0, INT64_MAX,
     NULL, "records", "newest ones verified before leading; 0: all"},
    {"metrics.groups", ASG_CONFIG_NUMBER, AT(metrics_groups), "2000", 0, 100000, NULL,
     "groups",
     "with series of their own in /metrics; of more groups the biggest are shown"},
    {"reconcile.every", ASG_CONFIG_DURATION, AT(listing_ms), "2m", 10 * SECOND, DAY, NULL,
     "", "between two complete listings of EC2; more often in a leader's first minutes"},
    {"reconcile.absent_listings", ASG_CONFIG_NUMBER, AT(absent_listings), "3", 2, 100,
     NULL, "listings", "complete ones in a row that lack an instance before it is gone"},
    {"reconcile.absent_after", ASG_CONFIG_DURATION, AT(absent_ms), "5m", 0, DAY, NULL, "",
     "and at least this time"},
    {"reconcile.mass_absent", ASG_CONFIG_NUMBER, AT(mass_absent_percent), "10", 1, 100,
     NULL, "percent",
     "of all instances, and at least four, that a listing may lack before it is "
     "doubted: an alarm, believed only when it persists and none of their agents "
     "reports"},
    {"reconcile.template_age", ASG_CONFIG_DURATION, AT(template_age_ms), "1d", SECOND,
     30 * DAY, NULL, "",
     "launch templates created for fleets are deleted when nothing has used them for "
     "this long; checked 24 times in that period"},
    {"schedule.late", ASG_CONFIG_DURATION, AT(schedule_late_ms), "2m", SECOND, DAY, NULL,
     "", "a scheduled action that is later than this is skipped"},
    {"io_threads", ASG_CONFIG_NUMBER, AT(io_threads), "0", 0, 16, NULL, "threads",
     "of ZeroMQ: one for admins, one for workers, the others for agents; with 2 admins "
     "and workers share one; 0: two, and one for every two cores"},
    {"log_level", ASG_CONFIG_WORD, AT(log_level), "info", .words = &log_level_words,
     .unit = "", .help = "lowest level written to standard error"},
    {"log_format", ASG_CONFIG_WORD, AT(log_format), "auto", .words = &log_format_words,
     .unit = "",
     .help = "text lines, one JSON object a line, or fields of systemd's journal; auto: "
             "the journal when systemd runs this program, else text"},
};

const struct asg_config_table asg_controller_table = {
    .program = "openasg-controller",
    .prefix = "OPENASG_CONTROLLER",
    .summary = "receives reports, probes agents, decides, commits to the log, gives jobs "
               "to workers",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct asg_controller_settings),
};

void asg_controller_fill_settings(struct asg_controller_settings *settings,
                                  struct asg_arena *arena)
{
    if (settings->workers_allowed[0] == '\0') {
        settings->workers_allowed =
            asg_arena_format(arena, "%s/workers.d", settings->dir);
    }
    if (settings->admins_allowed[0] == '\0') {
        settings->admins_allowed = asg_arena_format(arena, "%s/admins.d", settings->dir);
    }
    if (settings->api_keys[0] == '\0') {
        settings->api_keys = asg_arena_format(arena, "%s/api-keys", settings->dir);
    }
}
