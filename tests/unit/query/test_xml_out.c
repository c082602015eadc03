/* The writer: what it escapes, what it drops, pieces; the envelopes. */
#include "lib/check.h"

#include <stdio.h>

#include "query/reply.h"

struct world {
    struct asg_bytes out;
    struct asg_xml_out xml;
};

static void begin(struct world *world)
{
    *world = (struct world){0};
    asg_xml_out_init(&world->xml, &world->out);
}

static void expect(struct world *world, const char *text)
{
    assert_string_equal(text, asg_bytes_text(&world->out));
    asg_bytes_clear(&world->out);
}

static void writes(const char *text, const char *expected)
{
    struct world world;
    begin(&world);
    asg_xml_out_text(&world.xml, "t", text);
    expect(&world, expected);
}

static void test_texts_are_escaped(void **state)
{
    (void)state;
    writes("a <b> & \"c\" 'd'", "<t>a &lt;b&gt; &amp; &quot;c&quot; 'd'</t>");
    writes("\tone\ntwo\r", "<t>\tone\ntwo&#13;</t>");
    /* What a terminal would obey: a client reads it back. */
    writes("\xc2\x9b"
           "31m\x7f\xe2\x80\xae\xc3\xbc",
           "<t>&#155;31m&#127;&#8238;\xc3\xbc</t>");
    writes("", "<t/>");
    writes(NULL, "");
    writes("]]>", "<t>]]&gt;</t>");
}

static void test_what_xml_cannot_carry_is_dropped_or_replaced(void **state)
{
    (void)state;
    writes("a\x01"
           "b\x1f\x0b"
           "c",
           "<t>abc</t>");
    writes("\x7f", "<t>&#127;</t>"); /* XML allows it */
    writes("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
           "<t>\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80</t>");
    writes("\xff", "<t>\xef\xbf\xbd</t>");
    writes("a\xc3", "<t>a\xef\xbf\xbd</t>");
    writes("\xed\xa0\x80", "<t>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</t>");
    writes("a\xef\xbf\xbe"
           "b\xef\xbf\xbf",
           "<t>ab</t>");
    writes("\xef\xbf\xbd", "<t>\xef\xbf\xbd</t>");
}

static void test_scalars(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    asg_xml_out_begin(&world.xml, "a");
    asg_xml_out_number(&world.xml, "n", INT64_MIN);
    asg_xml_out_number(&world.xml, "n", 0);
    asg_xml_out_flag(&world.xml, "f", true);
    asg_xml_out_flag(&world.xml, "f", false);
    asg_xml_out_decimal(&world.xml, "d", 50);
    asg_xml_out_decimal(&world.xml, "d", 0.1);
    asg_xml_out_decimal(&world.xml, "d", -1e300);
    asg_xml_out_time(&world.xml, "z", 1767323045678);
    asg_xml_out_printf(&world.xml, "p", "%d<%s", 7, "x");
    asg_xml_out_end(&world.xml, "a");
    asg_xml_out_finish(&world.xml);
    expect(&world, "<a><n>-9223372036854775808</n><n>0</n><f>true</f><f>false</f>"
                   "<d>50.0</d><d>0.1</d><d>-1.0e+300</d><z>2026-01-02T03:04:05.678Z</z>"
                   "<p>7&lt;x</p></a>");
}

struct pieces {
    struct asg_bytes all;
    size_t count;
    size_t largest;
};

static void take(void *context, struct asg_bytes *out)
{
    struct pieces *pieces = context;
    pieces->count++;
    if (out->length > pieces->largest) pieces->largest = out->length;
    asg_bytes_append(&pieces->all, out->data, out->length);
    asg_bytes_reset(out);
}

static void test_a_sink_gets_it_in_pieces_that_add_up(void **state)
{
    (void)state;
    struct pieces pieces = {0};
    struct world streamed;
    struct world whole;
    begin(&streamed);
    begin(&whole);
    streamed.xml.sink = take;
    streamed.xml.context = &pieces;
    struct asg_xml_out *both[] = {&streamed.xml, &whole.xml};
    for (size_t i = 0; i < 2; i++) {
        asg_xml_out_begin(both[i], "list");
        for (int n = 0; n < 5000; n++) {
            asg_xml_out_begin(both[i], "item");
            asg_xml_out_number(both[i], "number", n);
            asg_xml_out_end(both[i], "item");
        }
        asg_xml_out_end(both[i], "list");
        asg_xml_out_finish(both[i]);
    }
    assert_true(pieces.count > 5);
    assert_true(pieces.largest < ASG_XML_OUT_PIECE_BYTES + 100);
    assert_int_equal(whole.out.length, pieces.all.length);
    assert_memory_equal(whole.out.data, pieces.all.data, whole.out.length);
    assert_int_equal(0, streamed.out.length);
    asg_bytes_clear(&streamed.out);
    asg_bytes_clear(&whole.out);
    asg_bytes_clear(&pieces.all);
}

static void test_the_envelopes_of_both_kinds(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct asg_query_reply reply = {.action = "DescribeTags",
                                    .xmlns = "http://ec2/",
                                    .request_id = "id-1",
                                    .is_ec2 = true};
    asg_query_begin_reply(&world.xml, &reply);
    asg_xml_out_text(&world.xml, "tagSet", "");
    asg_query_end_reply(&world.xml, &reply);
    expect(&world,
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<DescribeTagsResponse xmlns=\"http://ec2/\"><requestId>id-1</requestId>"
           "<tagSet/></DescribeTagsResponse>");
    begin(&world);
    reply = (struct asg_query_reply){.action = "DescribeTags",
                                     .xmlns = "http://autoscaling/",
                                     .request_id = "id-2",
                                     .has_result = true};
    asg_query_begin_reply(&world.xml, &reply);
    asg_xml_out_text(&world.xml, "Tags", "");
    asg_query_end_reply(&world.xml, &reply);
    expect(&world,
           "<DescribeTagsResponse xmlns=\"http://autoscaling/\"><DescribeTagsResult>"
           "<Tags/></DescribeTagsResult><ResponseMetadata><RequestId>id-2"
           "</RequestId></ResponseMetadata></DescribeTagsResponse>");
    begin(&world);
    reply.action = "DeleteTags";
    reply.has_result = false;
    asg_query_begin_reply(&world.xml, &reply);
    asg_query_end_reply(&world.xml, &reply);
    expect(&world, "<DeleteTagsResponse xmlns=\"http://autoscaling/\"><ResponseMetadata>"
                   "<RequestId>id-2</RequestId></ResponseMetadata></DeleteTagsResponse>");
}

static void test_the_errors_of_both_kinds(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    asg_query_write_ec2_error(&world.xml, "InvalidParameterValue", "a < b", "id");
    expect(&world, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
                   "<Code>InvalidParameterValue</Code><Message>a &lt; b</Message></Error>"
                   "</Errors><RequestID>id</RequestID></Response>");
    begin(&world);
    asg_query_write_error(&world.xml, "http://x/", 400, "ValidationError", "no", "id");
    expect(&world, "<ErrorResponse xmlns=\"http://x/\"><Error><Type>Sender</Type>"
                   "<Code>ValidationError</Code><Message>no</Message></Error>"
                   "<RequestId>id</RequestId></ErrorResponse>");
    begin(&world);
    asg_query_write_error(&world.xml, "http://x/", 503, "ServiceUnavailable", "", "id");
    expect(&world, "<ErrorResponse xmlns=\"http://x/\"><Error><Type>Receiver</Type>"
                   "<Code>ServiceUnavailable</Code><Message/></Error>"
                   "<RequestId>id</RequestId></ErrorResponse>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_escaped),
        cmocka_unit_test(test_what_xml_cannot_carry_is_dropped_or_replaced),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_a_sink_gets_it_in_pieces_that_add_up),
        cmocka_unit_test(test_the_envelopes_of_both_kinds),
        cmocka_unit_test(test_the_errors_of_both_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
