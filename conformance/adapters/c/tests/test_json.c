#include "../adapter/json.h"
#include "../adapter/text.h"
#include "test.h"

static json *read_text(const char *source)
{
	return json_read(source, strlen(source));
}

static void values_are_read(void)
{
	json *v = read_text(" {\"a\" : [1, -2.5e3, true, false, null], \"b\":{}, \"c\":\"x\"}\n");
	CHECK(v && v->type == JSON_OBJECT);
	const json *item = json_get(v, "a")->first;
	CHECK(item->type == JSON_NUMBER && strcmp(item->text, "1") == 0);
	item = item->next;
	CHECK(item->type == JSON_NUMBER && strcmp(item->text, "-2.5e3") == 0);
	item = item->next;
	CHECK(item->type == JSON_TRUE && item->next->type == JSON_FALSE && item->next->next->type == JSON_NULL);
	CHECK(json_get(v, "b")->first == NULL);
	CHECK(strcmp(json_get(v, "c")->text, "x") == 0);
	CHECK(json_get(v, "d") == NULL);
	json_free(v);
}

static void escapes_are_decoded(void)
{
	json *v = read_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"");
	CHECK(v && v->type == JSON_STRING);
	CHECK(strcmp(v->text, "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == 0);
	json_free(v);
	v = read_text("\"\\ud83d!\"");
	CHECK(v && strcmp(v->text, "\xed\xa0\xbd!") == 0);
	json_free(v);
}

static void other_texts_are_refused(void)
{
	static const char *const bad[] = {"", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "\"", "\"\\", "\"\\x\"",
	                                  "\"\\u12\"", "\"\n\"", "tru", "nul", "1 2", "{} {}", "-", "1e", "]", "\x01"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!read_text(bad[i]));
	CHECK(!json_read("1\0", 2));
}

static void depth_is_bounded(void)
{
	char deep[200001];
	memset(deep, '[', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	CHECK(!read_text(deep));
}

static void texts_are_written_as_json(void)
{
	text t = {0};
	text_json(&t, "a\"\\\n\x01z");
	text_hex(&t, (const uint8_t *)"\x00\xff", 2);
	CHECK_OCTETS(t.data, t.len, "\"a\\\"\\\\\\u000a\\u0001z\"\"00ff\"", (size_t)26);
	free(t.data);
}

static void integers_are_read_exactly_or_refused(void)
{
	decimal d;
	CHECK(decimal_read("0", &d) && d.magnitude == 0 && !d.negative);
	CHECK(decimal_read("18446744073709551615", &d) && d.magnitude == UINT64_MAX);
	CHECK(decimal_read("-9223372036854775808", &d) && d.negative && d.magnitude == UINT64_C(1) << 63);
	CHECK(!decimal_read("18446744073709551616", &d));
	CHECK(!decimal_read("99999999999999999999999", &d));
	CHECK(!decimal_read("", &d) && !decimal_read("-", &d) && !decimal_read("1x", &d) && !decimal_read("+1", &d));
}

static void hex_is_read(void)
{
	uint8_t *octets;
	size_t len;
	CHECK(hex_read("00fFA9", 6, &octets, &len));
	CHECK_OCTETS(octets, len, "\x00\xff\xa9", (size_t)3);
	free(octets);
	CHECK(!hex_read("0", 1, &octets, &len) && !hex_read("0g", 2, &octets, &len));
}

int main(void)
{
	RUN(values_are_read);
	RUN(escapes_are_decoded);
	RUN(other_texts_are_refused);
	RUN(depth_is_bounded);
	RUN(texts_are_written_as_json);
	RUN(integers_are_read_exactly_or_refused);
	RUN(hex_is_read);
	return 0;
}
