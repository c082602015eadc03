/* ec2_describe_zones - the zones of the Region, and machine images by id. */
#include "aws/ec2_read.h"

#include "aws/query.h"

static void begin_zone(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_ec2_zones *zones = reply;
    if (!asg_ec2_is(path, "availabilityZoneInfo/item")) return;
    void *items = zones->zones;
    struct asg_ec2_zone *zone =
        asg_ec2_add_item(arena, &items, &zones->count, &zones->capacity, sizeof *zone);
    zones->zones = items;
    if (zone != NULL) *zone = (struct asg_ec2_zone){"", "", ""};
}

static void end_zone(struct asg_arena *arena, void *reply, const char *path,
                     const char *text)
{
    struct asg_ec2_zones *zones = reply;
    const char *below = asg_ec2_below(path, "availabilityZoneInfo/item/");
    if (below == NULL || zones->count == 0) return;
    struct asg_ec2_zone *zone = &zones->zones[zones->count - 1];
    if (asg_ec2_is(below, "zoneName")) zone->name = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "zoneId")) zone->zone_id = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "zoneState")) zone->state = asg_arena_text(arena, text);
}

const struct asg_ec2_action asg_ec2_describe_availability_zones_action = {
    .name = "DescribeAvailabilityZones",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_zones),
    .begin = begin_zone,
    .end = end_zone,
};

void asg_ec2_write_describe_availability_zones(struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeAvailabilityZones");
}

static void begin_image(struct asg_arena *arena, void *reply, const char *path)
{
    struct asg_ec2_images *images = reply;
    if (!asg_ec2_is(path, "imagesSet/item")) return;
    void *items = images->images;
    struct asg_ec2_image *image =
        asg_ec2_add_item(arena, &items, &images->count, &images->capacity, sizeof *image);
    images->images = items;
    if (image != NULL) *image = (struct asg_ec2_image){"", ""};
}

static void end_image(struct asg_arena *arena, void *reply, const char *path,
                      const char *text)
{
    struct asg_ec2_images *images = reply;
    const char *below = asg_ec2_below(path, "imagesSet/item/");
    if (below == NULL || images->count == 0) return;
    struct asg_ec2_image *image = &images->images[images->count - 1];
    if (asg_ec2_is(below, "imageId")) image->image_id = asg_arena_text(arena, text);
    if (asg_ec2_is(below, "imageState")) image->state = asg_arena_text(arena, text);
}

const struct asg_ec2_action asg_ec2_describe_images_action = {
    .name = "DescribeImages",
    .timeout_ms = 20000,
    .reply_size = sizeof(struct asg_ec2_images),
    .begin = begin_image,
    .end = end_image,
};

void asg_ec2_write_describe_images(const char *const *image_ids, size_t image_id_count,
                                   struct asg_bytes *body)
{
    asg_query_begin(body, "DescribeImages");
    asg_query_list(body, "ImageId", image_ids, image_id_count);
}
