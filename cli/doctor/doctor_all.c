/* doctor_all - every check in order, and its findings as text. */
#include "cli/doctor/doctor.h"

#define STATE_WIDTH 8
#define CHECK_WIDTH 18

static const char *const state_list[] = {"ok", "warning", "failed"};
const struct asg_enum asg_finding_state_words = {"state of a check", state_list, 3};

void asg_doctor_check_all(struct asg_doctor *doctor)
{
    asg_doctor_check_local(doctor);
    asg_doctor_check_programs(doctor);
    asg_doctor_check_cluster(doctor);
}

void asg_doctor_write(const struct asg_doctor *doctor, struct asg_bytes *ret)
{
    for (size_t i = 0; i < doctor->count; i++) {
        const struct asg_finding *finding = &doctor->findings[i];
        asg_bytes_printf(ret, "%-*s %-*s %s\n", STATE_WIDTH,
                         asg_enum_word(&asg_finding_state_words, (int)finding->state),
                         CHECK_WIDTH, finding->check, finding->text);
        if (finding->todo[0] == '\0') continue;
        asg_bytes_printf(ret, "%-*s %-*s -> %s\n", STATE_WIDTH, "", CHECK_WIDTH, "",
                         finding->todo);
    }
}
