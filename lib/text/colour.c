#include "text/colour.h"

#include <stddef.h>
#include <string.h>

const char *asg_colour_begin(enum asg_colour colour)
{
    switch (colour) {
    case ASG_COLOUR_GOOD: return "\033[32m";
    case ASG_COLOUR_BUSY: return "\033[33m";
    case ASG_COLOUR_BAD: return "\033[31m";
    case ASG_COLOUR_FAINT: return "\033[2m";
    case ASG_COLOUR_STRONG: return "\033[1m";
    case ASG_COLOUR_NONE: break;
    }
    return "";
}

const char *asg_colour_end(enum asg_colour colour)
{
    return colour != ASG_COLOUR_NONE ? "\033[0m" : "";
}

/* By the beginning of a word: "pending:wait" is "pending". */
static const struct {
    const char *word;
    enum asg_colour colour;
} states[] = {
    {"in-service", ASG_COLOUR_GOOD},     {"running", ASG_COLOUR_GOOD},
    {"ready", ASG_COLOUR_GOOD},          {"successful", ASG_COLOUR_GOOD},
    {"done", ASG_COLOUR_GOOD},           {"ok", ASG_COLOUR_GOOD},
    {"healthy", ASG_COLOUR_GOOD},        {"requested", ASG_COLOUR_BUSY},
    {"pending", ASG_COLOUR_BUSY},        {"open", ASG_COLOUR_BUSY},
    {"warm", ASG_COLOUR_BUSY},           {"in-progress", ASG_COLOUR_BUSY},
    {"creating", ASG_COLOUR_BUSY},       {"terminating", ASG_COLOUR_BUSY},
    {"shutting-down", ASG_COLOUR_BUSY},  {"stopping", ASG_COLOUR_BUSY},
    {"detaching", ASG_COLOUR_BUSY},      {"entering-standby", ASG_COLOUR_BUSY},
    {"pre-in-service", ASG_COLOUR_BUSY}, {"waiting", ASG_COLOUR_BUSY},
    {"quarantined", ASG_COLOUR_BAD},     {"dead", ASG_COLOUR_BAD},
    {"refused", ASG_COLOUR_BAD},         {"failed", ASG_COLOUR_BAD},
    {"silent", ASG_COLOUR_BAD},          {"put-aside", ASG_COLOUR_BAD},
    {"no-credentials", ASG_COLOUR_BAD},  {"unhealthy", ASG_COLOUR_BAD},
    {"permission", ASG_COLOUR_BAD},      {"credentials", ASG_COLOUR_BAD},
    {"bad-request", ASG_COLOUR_BAD},     {"quota", ASG_COLOUR_BAD},
    {"capacity", ASG_COLOUR_BAD},        {"ambiguous", ASG_COLOUR_BAD},
    {"terminated", ASG_COLOUR_FAINT},    {"cancelled", ASG_COLOUR_FAINT},
    {"retried", ASG_COLOUR_FAINT},       {"stopped", ASG_COLOUR_FAINT},
    {"detached", ASG_COLOUR_FAINT},      {"absent", ASG_COLOUR_FAINT},
};

enum asg_colour asg_colour_of_state(const char *word)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        size_t length = strlen(states[i].word);
        if (strncmp(word, states[i].word, length) == 0) return states[i].colour;
    }
    return ASG_COLOUR_NONE;
}
