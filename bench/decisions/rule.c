#include "rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct rule *const rules[] = {&rule_openasg, &rule_hpa,  &rule_aws,
                                           &rule_nomad,   &rule_step, &rule_threshold};

bool rule_find(const char *text, struct rule *ret)
{
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strlen(rules[i]->name) != length ||
            strncmp(text, rules[i]->name, length) != 0)
            continue;
        *ret = *rules[i];
        ret->settings = text[length] == ':' ? text + length + 1 : "";
        return true;
    }
    (void)fprintf(stderr, "decisions: no rule %s\n", text);
    return false;
}

int64_t rule_setting(const struct rule *rule, const char *key, int64_t otherwise)
{
    size_t length = strlen(key);
    for (const char *at = rule->settings; at != NULL && *at != '\0';) {
        if (strncmp(at, key, length) == 0 && at[length] == '=') {
            return strtoll(at + length + 1, NULL, 10);
        }
        at = strchr(at, ',');
        if (at != NULL) at++;
    }
    return otherwise;
}
