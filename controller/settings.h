/* settings - what the controller's YAML file may say; the table is in settings.c. */
#ifndef ASG_CONTROLLER_SETTINGS_H
#define ASG_CONTROLLER_SETTINGS_H

#include "text/config.h"

struct asg_controller_settings {
    const char *dir; /* log, keys, blobs */
    const char *listen_agents;
    const char *listen_workers;
    const char *listen_admin;
    const char *listen_http;
    int64_t metrics_groups;
    const char *listen_enrol;
    const char *listen_api; /* empty: none */
    const char *region;
    const char *account_id;
    const char *api_keys;
    const char *api_certificate;
    const char *api_private_key;
    bool api_behind_proxy;
    int64_t api_settle_ms;
    int64_t groups_limit; /* these five: what clients of the API may have */
    int64_t launch_configurations_limit;
    int64_t policies_limit;
    int64_t schedules_limit;
    int64_t tags_limit;
    int64_t strangers; /* connections of theirs at a port */
    int64_t strangers_connects;
    int64_t address_connections; /* of one address */
    int64_t address_connects;
    const char *announce_agents; /* what instances are told; empty: where we listen */
    const char *announce_enrol;
    const char *endpoint_file;   /* written when ready */
    const char *workers_allowed; /* folder of public keys */
    const char *admins_allowed;
    bool allow_plaintext;
    bool enrol_check_address;
    int64_t enrol_life_ms; /* of an agent's certificate */
    int64_t enrol_pending;
    int64_t enrol_address_calls;
    struct asg_texts enrol_proofs; /* words of enum asg_proof */
    struct asg_texts enrol_account;
    struct asg_texts enrol_roles;
    const char *enrol_sts_endpoint;
    const char *enrol_sts_ca;
    const char *enrol_document_certificates;
    int64_t reports_missed;
    int64_t reports_silent_ms;
    int64_t reports_first_ms;
    int64_t probe_concurrency;
    int64_t probe_deadline_ms;
    int64_t probe_suspect_ms;
    int64_t probe_background_ms;
    int64_t probe_failures;
    int64_t probe_port;
    int64_t lease_ms;
    int64_t heartbeat_ms;
    int64_t delivery_limit;
    int64_t unproven_jobs;
    int64_t aside_ms;
    int64_t rate_share_percent;
    const char *rate_quotas;
    int64_t look_up_ms;
    int64_t look_up_keep_ms;
    int64_t look_up_keep_changing_ms;
    int64_t snapshot_records;
    int64_t snapshot_ms;
    int64_t snapshot_memory;
    int64_t hash_events;
    int64_t hash_bytes;
    int64_t retention_ms;
    int64_t verify_records;
    int64_t listing_ms;
    int64_t schedule_late_ms;
    int64_t absent_listings;
    int64_t mass_absent_percent;
    int64_t rate_max_bytes;
    int64_t load_max;
    int64_t absent_ms;
    int64_t template_age_ms;
    int64_t io_threads;
    int log_level;
    int log_format; /* enum asg_log_format */
};

extern const struct asg_config_table asg_controller_table;

/* Fill in what follows from other settings: folders inside dir. Text lives in `arena`. */
void asg_controller_fill_settings(struct asg_controller_settings *settings,
                                  struct asg_arena *arena);

#endif
