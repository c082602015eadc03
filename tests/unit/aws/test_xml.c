#include "lib/check.h"

#include "aws/xml.h"
#include "base/bytes.h"

static void on_root(void *context, const char *name)
{
    asg_bytes_printf(context, "<%s>", name);
}

/* All but what is called "no". */
static bool on_wants(void *context, const char *path, size_t length)
{
    (void)context;
    assert_int_equal(strlen(path), length);
    const char *name = strrchr(path, '/');
    return strcmp(name != NULL ? name + 1 : path, "no") != 0;
}

static void on_begin(void *context, const char *path)
{
    asg_bytes_printf(context, "+%s", path);
}

static void on_end(void *context, const char *path, const char *text, size_t length)
{
    assert_int_equal(strlen(text), length);
    asg_bytes_printf(context, "-%s=%s", path, text);
}

/* Read a document in pieces of `step` bytes; what was seen is in `ret`. */
static enum asg_status read_in(const char *text, size_t length, size_t step,
                               struct asg_bytes *ret)
{
    struct asg_xml *xml = NULL;
    asg_xml_new(&(struct asg_xml_reader){on_root, on_wants, on_begin, on_end, ret}, &xml);
    enum asg_status status = ASG_OK;
    asg_bytes_reset(ret);
    for (size_t at = 0; status == ASG_OK && at < length; at += step) {
        size_t part = length - at < step ? length - at : step;
        status = asg_xml_feed(xml, text + at, part, false);
    }
    if (status == ASG_OK) status = asg_xml_feed(xml, "", 0, true);
    asg_xml_destroy(&xml);
    return status;
}

static void expect(enum asg_status status, const char *text)
{
    struct asg_bytes seen = {0};
    for (size_t step = 1; step <= 64; step *= 8) {
        assert_status(status, read_in(text, strlen(text), step, &seen));
    }
    asg_bytes_clear(&seen);
}

static void test_elements_are_told_by_their_path(void **state)
{
    (void)state;
    static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<R xmlns=\"http://x/\"><a>1</a><s><i><n>x &amp; y</n></i>"
                               "<i/></s><e></e></R>";
    struct asg_bytes seen = {0};
    for (size_t step = 1; step < sizeof text; step++) {
        assert_status(ASG_OK, read_in(text, sizeof text - 1, step, &seen));
        assert_string_equal("<R>+a-a=1+s+s/i+s/i/n-s/i/n=x & y-s/i=+s/i-s/i=-s=+e-e=",
                            asg_bytes_text(&seen));
    }
    asg_bytes_clear(&seen);
}

static void test_a_prefix_of_a_name_is_left_out(void **state)
{
    (void)state;
    struct asg_bytes seen = {0};
    static const char text[] = "<ns:R xmlns:ns=\"u\"><ns:a>1</ns:a></ns:R>";
    assert_status(ASG_OK, read_in(text, sizeof text - 1, 7, &seen));
    assert_string_equal("<R>+a-a=1", asg_bytes_text(&seen));
    asg_bytes_clear(&seen);
}

static void test_what_is_not_wanted_is_passed_over(void **state)
{
    (void)state;
    struct asg_bytes seen = {0};
    static const char text[] = "<R><no>1<no><a>2</a></no>3</no><s>4<no/><a>5</a></s></R>";
    for (size_t step = 1; step < sizeof text; step++) {
        assert_status(ASG_OK, read_in(text, sizeof text - 1, step, &seen));
        assert_string_equal("<R>+s+s/a-s/a=5-s=", asg_bytes_text(&seen));
    }
    /* It must be well-formed, and is not deeper than the rest may be. */
    expect(ASG_ERR_MALFORMED, "<R><no><a></no></R>");
    struct asg_bytes deep = {0};
    for (size_t most = ASG_XML_DEPTH_MAX; most <= ASG_XML_DEPTH_MAX + 1; most++) {
        asg_bytes_reset(&deep);
        asg_bytes_append_text(&deep, "<R><no>");
        for (size_t i = 2; i < most; i++) {
            asg_bytes_append_text(&deep, "<a>");
        }
        for (size_t i = 2; i < most; i++) {
            asg_bytes_append_text(&deep, "</a>");
        }
        asg_bytes_append_text(&deep, "</no></R>");
        expect(most > ASG_XML_DEPTH_MAX ? ASG_ERR_LIMIT : ASG_OK, asg_bytes_text(&deep));
    }
    asg_bytes_clear(&deep);
    asg_bytes_clear(&seen);
}

static void test_everything_that_begins_with_a_bang_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<a><!-- comment --></a>",
        "<a><![CDATA[x]]></a>",
        "<a><?run this?></a>",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(ASG_ERR_MALFORMED, texts[i]);
    }
}

static void test_what_is_not_well_formed_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         "   ",         "garbage",     "<a>",
        "<a></b>",  "<a></a>x",    "<a/><b/>",    "<a>&lt</a>",
        "<a b=1/>", "<a>\x01</a>", "<a>\xff</a>", "<html><br></html>"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(ASG_ERR_MALFORMED, texts[i]);
    }
}

static void test_depth_is_limited(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    for (int depth = ASG_XML_DEPTH_MAX; depth <= ASG_XML_DEPTH_MAX + 1; depth++) {
        asg_bytes_reset(&text);
        for (int i = 0; i < depth; i++) {
            asg_bytes_append_text(&text, "<a>");
        }
        for (int i = 0; i < depth; i++) {
            asg_bytes_append_text(&text, "</a>");
        }
        expect(depth > ASG_XML_DEPTH_MAX ? ASG_ERR_LIMIT : ASG_OK, asg_bytes_text(&text));
    }
    /* Never closed, and a hundred thousand deep. */
    asg_bytes_reset(&text);
    for (int i = 0; i < 100000; i++) {
        asg_bytes_append_text(&text, "<a>");
    }
    struct asg_bytes seen = {0};
    assert_status(ASG_ERR_LIMIT,
                  read_in(asg_bytes_text(&text), text.length, 4096, &seen));
    asg_bytes_clear(&seen);
    asg_bytes_clear(&text);
}

static void test_texts_and_names_are_limited(void **state)
{
    (void)state;
    struct asg_bytes text = {0};
    struct asg_bytes seen = {0};
    asg_bytes_append_text(&text, "<a><b>");
    for (int i = 0; i < ASG_XML_TEXT_MAX; i++) {
        asg_bytes_append_byte(&text, 'x');
    }
    size_t at = text.length;
    asg_bytes_append_text(&text, "</b></a>");
    assert_status(ASG_OK, read_in(asg_bytes_text(&text), text.length, 4096, &seen));
    text.length = at;
    asg_bytes_append_text(&text, "x</b></a>");
    assert_status(ASG_ERR_LIMIT,
                  read_in(asg_bytes_text(&text), text.length, 4096, &seen));
    asg_bytes_reset(&text);
    asg_bytes_append_text(&text, "<a><b");
    for (int i = 0; i < ASG_XML_PATH_MAX; i++) {
        asg_bytes_append_byte(&text, 'x');
    }
    asg_bytes_append_text(&text, "/></a>");
    assert_status(ASG_ERR_LIMIT,
                  read_in(asg_bytes_text(&text), text.length, 4096, &seen));
    asg_bytes_clear(&text);
    asg_bytes_clear(&seen);
}

static void test_a_reader_can_be_used_again_after_a_failure(void **state)
{
    (void)state;
    struct asg_bytes seen = {0};
    struct asg_xml *xml = NULL;
    asg_xml_new(&(struct asg_xml_reader){on_root, NULL, on_begin, on_end, &seen}, &xml);
    for (int i = 0; i < 3; i++) {
        asg_bytes_reset(&seen);
        assert_status(ASG_ERR_MALFORMED, asg_xml_feed(xml, "<a><b>1</a>", 11, true));
        assert_status(ASG_ERR_MALFORMED, asg_xml_feed(xml, "<a/>", 4, true));
        asg_xml_restart(xml);
        asg_bytes_reset(&seen);
        assert_status(ASG_OK, asg_xml_feed(xml, "<a><b>1</b></a>", 15, true));
        assert_string_equal("<a>+b-b=1", asg_bytes_text(&seen));
        asg_xml_restart(xml);
    }
    asg_xml_destroy(&xml);
    asg_bytes_clear(&seen);
}

static void test_a_reader_can_be_used_again_after_a_large_text(void **state)
{
    (void)state;
    struct asg_xml *xml = NULL;
    struct asg_bytes seen = {0};
    struct asg_bytes large = {0};
    asg_bytes_append_text(&large, "<a><b>");
    for (int i = 0; i < 5000; i++) {
        asg_bytes_append_text(&large, "0123");
    }
    asg_bytes_append_text(&large, "</b></a>");
    asg_xml_new(&(struct asg_xml_reader){on_root, NULL, on_begin, on_end, &seen}, &xml);
    for (int round = 0; round < 3; round++) {
        asg_bytes_reset(&seen);
        assert_status(ASG_OK, asg_xml_feed(xml, large.data, large.length, true));
        assert_int_equal(strlen("<a>+b-b=") + 20000, seen.length);
        asg_xml_restart(xml);
        asg_bytes_reset(&seen);
        assert_status(ASG_OK, asg_xml_feed(xml, "<a><b>1</b></a>", 15, true));
        assert_string_equal("<a>+b-b=1", asg_bytes_text(&seen));
        asg_xml_restart(xml);
    }
    asg_xml_destroy(&xml);
    asg_bytes_clear(&seen);
    asg_bytes_clear(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_are_told_by_their_path),
        cmocka_unit_test(test_a_prefix_of_a_name_is_left_out),
        cmocka_unit_test(test_what_is_not_wanted_is_passed_over),
        cmocka_unit_test(test_everything_that_begins_with_a_bang_is_refused),
        cmocka_unit_test(test_what_is_not_well_formed_is_refused),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_texts_and_names_are_limited),
        cmocka_unit_test(test_a_reader_can_be_used_again_after_a_failure),
        cmocka_unit_test(test_a_reader_can_be_used_again_after_a_large_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
