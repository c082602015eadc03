/* describe_instances - DescribeAutoScalingInstances. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/do/do.h"
#include "api/do/group_xml.h"
#include "api/pages.h"
#include "api/shapes/shapes.h"
#include "query/write.h"

#define PAGE 50

struct list {
    struct asg_api_call *call;
    const struct asg_root *root;
    size_t most;
    size_t count;
    const struct asg_instance_view *rows[PAGE];
    const struct asg_page *pages[PAGE];
};

/* False: the answer is full, and this one is of the next. */
static bool add(struct list *list, const struct asg_page *page,
                const struct asg_instance_view *row)
{
    if (!asg_group_xml_is_member(row) && !asg_group_xml_is_warmed(row)) return true;
    if (list->count == list->most) return false;
    list->rows[list->count] = row;
    list->pages[list->count++] = page;
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Those that are known, by id, each once; the key of a page is the id. */
static bool list_named(struct list *list, const struct asg_query_value *items,
                       size_t count, const char *after)
{
    const char **ids = asg_arena_take(&list->call->arena, count * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        ids[i] = items[i].text;
    }
    qsort(ids, count, sizeof *ids, by_text);
    for (size_t i = 0; i < count; i++) {
        bool is_again = i > 0 && strcmp(ids[i], ids[i - 1]) == 0;
        if (is_again || strcmp(ids[i], after) <= 0) continue;
        const struct asg_page *page = NULL;
        const struct asg_instance_view *row =
            asg_root_find_instance(list->root, ids[i], &page, NULL);
        if (row != NULL && !add(list, page, row)) return false;
    }
    return true;
}

/* A page's key: the number of the last instance and its group, "17 web": numbers rise
 * within a group, and groups stand by name. */
static const char *key_of(const struct list *list)
{
    const struct asg_instance_view *row = list->rows[list->count - 1];
    return asg_arena_format(&list->call->arena, "%" PRIu64 " %s", row->no,
                            asg_page_name(list->pages[list->count - 1]));
}

static bool list_all(struct list *list, const char *after)
{
    const char *space = strchr(after, ' ');
    uint64_t after_no = space != NULL ? strtoull(after, NULL, 10) : 0;
    const char *group = space != NULL ? space + 1 : "";
    size_t at = asg_root_place(list->root, group);
    for (; at < asg_root_count(list->root); at++) {
        const struct asg_page *page = asg_root_page(list->root, at);
        bool is_begun = strcmp(asg_page_name(page), group) == 0;
        size_t leaf = is_begun ? asg_page_place(page, after_no + 1) : 0;
        for (; leaf < page->leaf_count; leaf++) {
            const struct asg_instance_rows *rows = &page->leaves[leaf]->content;
            for (size_t i = 0; i < rows->count; i++) {
                if (is_begun && rows->items[i].no <= after_no) continue;
                if (!add(list, page, &rows->items[i])) return false;
            }
        }
    }
    return true;
}

static void write(struct list *list, const char *token)
{
    struct asg_writer writer;
    asg_write_init(&writer, asg_api_begin(list->call), list->call->action->output);
    asg_write_begin_list(&writer, "AutoScalingInstances");
    for (size_t i = 0; i < list->count; i++) {
        asg_write_begin_item(&writer);
        asg_group_xml_instance(&writer, list->pages[i], list->rows[i],
                               /* is_detail */ true);
        asg_write_end(&writer);
    }
    asg_write_end(&writer);
    asg_write_text(&writer, "NextToken", token);
    asg_write_finish(&writer);
}

void asg_do_describe_auto_scaling_instances(struct asg_api_call *call)
{
    struct asg_api_page range;
    if (!asg_api_page_read(call, PAGE, &range)) return;
    struct list *list = asg_arena_take(&call->arena, sizeof *list);
    list->call = call;
    list->most = range.most < PAGE ? range.most : PAGE;
    list->root = asg_view_hold(asg_api_ports_of(call)->view);
    size_t count = 0;
    const struct asg_query_value *ids =
        asg_value_items(&call->input, "InstanceIds", &count);
    bool is_whole = count > 0 ? list_named(list, ids, count, range.after)
                              : list_all(list, range.after);
    const char *token = NULL;
    if (!is_whole && count > 0) {
        token = asg_api_page_token(call, list->rows[list->count - 1]->instance_id);
    } else if (!is_whole) {
        token = asg_api_page_token(call, key_of(list));
    }
    write(list, token);
    asg_view_drop(&list->root);
    asg_api_end(call);
}
