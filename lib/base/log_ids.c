/* log_ids - which lines of the log systemd's catalog explains, in plain words with what
 * to do (deploy/journal; a test holds the two against each other). An id
 * is never used for anything else. */
#include "base/log_line.h"

#include <string.h>

static const struct asg_log_message_id ids[] = {
    {"lead", "leading", ASG_LOG_INFO, "70009f8cb8d54507bb35b0c4c7cec7e3"},
    {"lead", "stopped_leading", ASG_LOG_ERROR, "a8551cfeee5944438e17ec855ddb234d"},
    {"lead", "cannot_lead", ASG_LOG_WARN, "67998eabe73645899ad8e185342dfc9e"},
    {"controller", "cannot_start", ASG_LOG_ERROR, "d65ed46964a0447ba308cbba5763581f"},
    {"commit", "snapshot_failed", ASG_LOG_WARN, "3b3a6476a17244b2a6cc5aefa7c90c2c"},
    {"keys", "key_made_anew", ASG_LOG_WARN, "a9d4bb4f9e6c4c3397cd7c62e7a0328d"},
    {"clock", "clock_jump", ASG_LOG_ERROR, "e8ff8786a22842368523a3dae57af472"},
    {"clock", "clock_ahead_of_log", ASG_LOG_WARN, "b1d6e0c27f5a4c1f9c3e4a7d2f806b59"},
    {"alarm", "dead-letter", ASG_LOG_ERROR, "bcdee8c32ac44c80ab52491bb1b61767"},
    {"alarm", "launch-breaker", ASG_LOG_ERROR, "47e9c4f0db944b71a69ec669478f89a2"},
    {"alarm", "mass-silence", ASG_LOG_ERROR, "c5aa320b809b476a921ac5e4f27b2066"},
    {"alarm", "mass_absence", ASG_LOG_ERROR, "68566c53a8614829abcabdcb372f8cbc"},
    {"alarm", "too-many-unhealthy", ASG_LOG_ERROR, "ef8522181a974e0082a48445390e6a92"},
    {"alarm", "churn", ASG_LOG_ERROR, "5ecda44778ba4daaaa03c4eeca5fa27e"},
    {"alarm", "log-behind", ASG_LOG_ERROR, "e35e0f38dc074b86a649321536f3eaf8"},
    {"alarm", "credentials", ASG_LOG_ERROR, "520403b7ebd14b54bff706a206ce3623"},
    {"alarm", "worker_put_aside", ASG_LOG_ERROR, "02828f867cf74e969a2eb4c76882d571"},
    {"alarm", "key_misused", ASG_LOG_ERROR, "9bba4c7fc89d4b3fbc57a891e11dfe0c"},
    {"worker", "credentials_refused", ASG_LOG_ERROR, "7395ad77e0f64008bf6857814f532d79"},
    {"worker", "refused", ASG_LOG_WARN, "bd1cc5ba5a7a4e0cbd3b4a3f31a6d2f4"},
    {"worker", "controller_away", ASG_LOG_WARN, "5c0a87f0c5a54f94a5d1b7c6f0e6a9d2"},
};

const char *asg_log_message_id(const struct asg_log_line *line)
{
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        bool is_it = line->level >= ids[i].lowest &&
                     strcmp(ids[i].room, line->room) == 0 &&
                     strcmp(ids[i].event, line->event) == 0;
        if (is_it) return ids[i].id;
    }
    return NULL;
}
