/* A request of the Auto Scaling API from its body to its checked input, by the tables of
 * the real actions. What was read and is written as a form again reads back as the same;
 * what a group would keep of it as it came stands in an answer that expat reads; what is
 * refused can be said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/door.h"
#include "api/kept.h"
#include "api/shapes/shapes.h"
#include "aws/xml.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct asg_query_style style = {.names_all = true};

static void must(bool holds)
{
    if (!holds) abort();
}

static void check_fault(const struct asg_query_fault *fault)
{
    char message[4096];
    asg_query_fault_message(fault, ASG_QUERY_WORDS_AWS, message, sizeof message);
    must(message[0] != '\0' && asg_utf8_is_valid(message, strlen(message)));
    must(asg_query_fault_code(fault, ASG_QUERY_WORDS_AWS)[0] != '\0');
}

/* The pairs of a value, read by its own shape once more, say the same. (Their numbers may
 * differ: an item of which nothing is known leaves a gap.) */
static void check_again(const struct asg_api_action *action,
                        const struct asg_query_value *input, struct asg_arena *arena)
{
    struct asg_form form = {0};
    form.count = asg_value_pairs(input, arena, &form.pairs);
    struct asg_query_value again;
    struct asg_query_fault fault = {.trouble = ASG_QUERY_FINE};
    must(asg_query_read(&form, action->input, &style, NULL, arena, &again, &fault) ==
         ASG_OK);
    struct asg_form_pair *pairs = NULL;
    must(asg_value_pairs(&again, arena, &pairs) == form.count);
    for (size_t i = 0; i < form.count; i++) {
        must(strcmp(pairs[i].value, form.pairs[i].value) == 0);
    }
}

/* All of its members kept, and written where a group has members of these names. */
static void check_kept(const struct asg_query_value *input, struct asg_arena *arena)
{
    struct asg_kept_list list = {.arena = arena};
    for (size_t i = 0; i < input->count; i++) {
        (void)asg_kept_take(&list, input, input->items[i].member->name);
    }
    asg_kept_sort(&list);
    for (size_t i = 0; i < list.count; i++) {
        const char *value = asg_kept_find(list.items, list.count, list.items[i].path);
        must(value != NULL);
    }
    struct asg_bytes out = {0};
    struct asg_xml_out xml;
    asg_xml_out_init(&xml, &out);
    asg_xml_out_begin(&xml, "member");
    struct asg_writer writer;
    asg_write_init(&writer, &xml, &asg_shape_auto_scaling_group);
    asg_kept_write(&writer, list.items, list.count, arena);
    asg_xml_out_end(
        &xml, "member"); /* not finished as a group: what it must have is not there */
    const struct asg_xml_reader reader = {.end = NULL};
    struct asg_xml *parser = NULL;
    asg_xml_new(&reader, &parser);
    must(asg_xml_feed(parser, out.data, out.length, true) == ASG_OK);
    asg_xml_destroy(&parser);
    asg_bytes_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const passed_over[] = {"Action", "Version", NULL};
    struct asg_arena arena = {0};
    struct asg_form form = {0};
    struct asg_query_fault fault = {.trouble = ASG_QUERY_FINE};
    struct asg_query_value input;
    if (asg_form_read(data, size, false, &arena, &form, &fault) == ASG_OK) {
        const char *name = asg_form_get(&form, "Action");
        const struct asg_api_action *action =
            name != NULL ? asg_api_find_action(name) : NULL;
        if (action != NULL && asg_query_read(&form, action->input, &style, passed_over,
                                             &arena, &input, &fault) == ASG_OK) {
            check_again(action, &input, &arena);
            check_kept(&input, &arena);
        }
    }
    if (fault.trouble != ASG_QUERY_FINE) check_fault(&fault);
    asg_arena_clear(&arena);
    return 0;
}
