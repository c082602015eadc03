#include "ec2local/settings.h"

#include <string.h>

#include "base/log.h"
static const char *const log_levels[] = {"debug", "info", "warn", "error"};
static const struct asg_enum log_level_words = {"log level", log_levels, 4};
static const struct asg_enum log_format_words = {"log format", asg_log_formats, 4};

#define AT(field) .offset = offsetof(struct asg_ec2local_settings, field)
#define SECOND    INT64_C(1000)
#define HOUR      (3600 * SECOND)

static const struct asg_config_key keys[] = {
    {"dir", ASG_CONFIG_PATH, AT(dir), ".ec2local", .unit = "",
     .help =
         "folder of the instances, their consoles and the credentials; created when it "
         "does not exist"},
    {"listen", ASG_CONFIG_TEXT, AT(listen), "127.0.0.1", .unit = "",
     .help = "address of the API, the metadata and the control endpoint"},
    {"port", ASG_CONFIG_NUMBER, AT(port), "7710", 0, 65535, NULL, "port",
     "of all three; 0 takes a free one"},
    {"endpoint_file", ASG_CONFIG_PATH, AT(endpoint_file), "", .unit = "",
     .help = "file written with the URL when it serves"},
    {"announce", ASG_CONFIG_TEXT, AT(announce), "", .unit = "",
     .help = "URL that instances receive for their metadata, for instances in other "
             "networks; empty: the one it serves"},
    {"keys_file", ASG_CONFIG_PATH, AT(keys_file), "", .unit = "",
     .help =
         "who may call, in the form of ~/.aws/credentials; empty: AWS_ACCESS_KEY_ID and "
         "AWS_SECRET_ACCESS_KEY, else a key is created in dir"},
    {"region", ASG_CONFIG_TEXT, AT(region), "us-east-1", .unit = "",
     .help = "the region it pretends to be; requests must be signed for it"},
    {"account_id", ASG_CONFIG_TEXT, AT(account_id), "000000000000", .unit = "",
     .help = "twelve digits"},
    {"cidr", ASG_CONFIG_TEXT, AT(cidr), "127.100.0.0/16", .unit = "",
     .help = "addresses of the instances"},
    {"instance_addresses", ASG_CONFIG_TEXTS, AT(addresses), "", .unit = "",
     .help = "exactly these addresses instead, for instances in network namespaces"},
    {"boot_delay_ms", ASG_CONFIG_NUMBER, AT(boot_delay_ms), "300", 0, HOUR, NULL,
     "milliseconds", "from pending to running"},
    {"boot_delay_max_ms", ASG_CONFIG_NUMBER, AT(boot_delay_max_ms), "0", 0, HOUR, NULL,
     "milliseconds", "at most this long, chosen evenly; 0: always boot_delay_ms"},
    {"stop_delay_ms", ASG_CONFIG_NUMBER, AT(stop_delay_ms), "200", 0, HOUR, NULL,
     "milliseconds", "from shutting-down to terminated"},
    {"keep", ASG_CONFIG_DURATION, AT(keep_ms), "1h", 0, 24 * HOUR, NULL, "",
     "terminated instances stay listed"},
    {"grace_ms", ASG_CONFIG_NUMBER, AT(grace_ms), "2000", 0, HOUR, NULL, "milliseconds",
     "from SIGTERM to SIGKILL of an instance's processes"},
    {"instance_limit", ASG_CONFIG_NUMBER, AT(instance_limit), "0", 0, 1000000, NULL,
     "instances", "live ones; 0: no limit"},
    {"vcpu_limit", ASG_CONFIG_NUMBER, AT(vcpu_limit), "0", 0, 1000000, NULL, "vCPUs",
     "of live ones; 0: no limit"},
    {"rate_limits", ASG_CONFIG_BOOL, AT(rate_limits), "false", .unit = "",
     .help = "throttle by EC2's documented request buckets"},
    {"instance_wrapper", ASG_CONFIG_TEXT, AT(instance_wrapper), "", .unit = "",
     .help = "command put before the user data, {id} and {address} filled in: \"ip netns "
             "exec host-{address}\""},
    {"instance_env", ASG_CONFIG_TEXTS, AT(instance_env), "", .unit = "",
     .help = "KEY=VALUE for the instances' environment, or KEY to pass ours on"},
    {"identity_documents", ASG_CONFIG_BOOL, AT(identity_documents), "false", .unit = "",
     .help = "sign the identity documents of instances, with a key of this run whose "
             "certificate is written to identity-documents.pem in dir"},
    {"no_boot", ASG_CONFIG_BOOL, AT(no_boot), "false", .unit = "",
     .help = "instances have no processes"},
    {"seed", ASG_CONFIG_NUMBER, AT(seed), "0", 0, INT64_MAX, NULL, "number",
     "of ids, delays and faults; 0: another one each time"},
    {"threads", ASG_CONFIG_NUMBER, AT(threads), "8", 1, 64, NULL, "threads",
     "that answer requests"},
    {"log_level", ASG_CONFIG_WORD, AT(log_level), "info", .words = &log_level_words,
     .unit = "", .help = "lowest level written to standard error"},
    {"log_format", ASG_CONFIG_WORD, AT(log_format), "auto", .words = &log_format_words,
     .unit = "",
     .help = "text lines, one JSON object a line, or fields of systemd's journal; auto: "
             "the journal when systemd runs this program, else text"},
};

const struct asg_config_table asg_ec2local_table = {
    .program = "openasg-ec2local",
    .prefix = "OPENASG_EC2LOCAL",
    .summary =
        "a local EC2 API; its instances are real process trees on loopback addresses "
        "that boot by running their user data",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .size = sizeof(struct asg_ec2local_settings),
};

void asg_ec2local_take_environment(int argc, char **argv, struct asg_arena *arena,
                                   struct asg_ec2local_settings *settings)
{
    static const char option[] = "--instance-env";
    size_t length = sizeof option - 1;
    struct asg_texts given = {
        .items = asg_arena_take(arena, (size_t)argc * sizeof *given.items)};
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], option, length) != 0) continue;
        if (argv[i][length] == '=') {
            given.items[given.count++] = argv[i] + length + 1;
        } else if (argv[i][length] == '\0' && i + 1 < argc) {
            given.items[given.count++] = argv[++i];
        }
    }
    if (given.count > 0) settings->instance_env = given;
}
