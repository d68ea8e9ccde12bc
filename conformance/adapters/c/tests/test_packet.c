#include "../packetstream.h"
#include "test.h"

static void check_encoding(const ps_packet *packet, const char *expected, size_t expected_len)
{
	uint8_t *octets;
	size_t len, consumed;
	CHECK(ps_packet_encode(packet, &octets, &len) == PS_OK);
	CHECK_OCTETS(octets, len, expected, expected_len);
	ps_packet back;
	CHECK(ps_packet_decode(octets, len, &back, &consumed) == PS_OK);
	CHECK(consumed == len);
	CHECK(ps_packet_equal(packet, &back));
	for (size_t cut = 0; cut < len; cut++)
		CHECK(ps_packet_decode(octets, cut, &back, &consumed) == PS_ERR_INCOMPLETE);
	free(octets);
}

#define ENCODES(packet, octets) check_encoding(packet, octets, sizeof octets - 1)

static ps_packet hello(void)
{
	return (ps_packet){true, 5, 300, 7, 2, (const uint8_t *)"hello", 5};
}

static void packets_are_written_as_specified_and_read_back(void)
{
	ps_packet request = hello();
	ENCODES(&request, "\x0a\x82\x2c\x1f\x05\x02hello");
	ENCODES(&(ps_packet){.is_request = true}, "\x03\x00\x02\x00");
	ENCODES((&(ps_packet){.tag = 1, .flags = 0xab}), "\x03\x01\x85\x2c");
	ENCODES((&(ps_packet){.tag = (UINT64_C(1) << 61) - 1}), "\x0a\x9f\xff\xff\xff\xff\xff\xff\xff\x7f\x00");
	ENCODES((&(ps_packet){.tag = UINT64_MAX, .flags = PS_MAX_FLAGS}),
	        "\x14\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7c");
}

static void flags_that_the_word_cannot_hold_are_refused(void)
{
	uint8_t *octets;
	size_t len;
	CHECK(ps_packet_encode(&(ps_packet){.flags = PS_MAX_FLAGS + 1}, &octets, &len) == PS_ERR_INVALID);
}

static ps_status decode(const char *octets, size_t len, ps_packet *packet, size_t *consumed)
{
	return ps_packet_decode((const uint8_t *)octets, len, packet, consumed);
}

#define DECODE(octets) decode(octets, sizeof octets - 1, &packet, &consumed)

static void overlong_integers_are_read(void)
{
	ps_packet packet;
	size_t consumed;
	CHECK(DECODE("\x80\x80\x0d\x80\x80\x80\x80\x80\x01\x80\x03\x80\x00\x80\x01!more") == PS_OK);
	CHECK(consumed == 16);
	CHECK(packet.is_request && packet.tag == 1 && packet.channel == 0 && packet.type == 1);
	CHECK_OCTETS(packet.payload, packet.payload_len, "!", 1);
}

static void bodies_too_short_for_their_fields_are_malformed(void)
{
	ps_packet packet;
	size_t consumed;
	CHECK(DECODE("\x00") == PS_ERR_MALFORMED);         /* no tag */
	CHECK(DECODE("\x01\x01") == PS_ERR_MALFORMED);     /* no word */
	CHECK(DECODE("\x02\x01\x01") == PS_ERR_MALFORMED); /* no channel */
	CHECK(DECODE("\x02\x01\x02") == PS_ERR_MALFORMED); /* no type */
	CHECK(DECODE("\x02\x01\x80") == PS_ERR_MALFORMED); /* a word that goes on */
	CHECK(DECODE("\x02\x01\x04") == PS_OK);
	CHECK(DECODE("\x82") == PS_ERR_INCOMPLETE);
}

static void integers_above_64_bits_are_refused(void)
{
	ps_packet packet;
	size_t consumed;
	CHECK(DECODE("\x0c\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00\x00!") == PS_ERR_MALFORMED);
	CHECK(DECODE("\x83\xff\xff\xff\xff\xff\xff\xff\xff\x7f") == PS_ERR_MALFORMED);
}

static void equality_ignores_the_type_of_a_response_only(void)
{
	ps_packet a = hello(), b = hello();
	CHECK(ps_packet_equal(&a, &b));
	b.type = 3;
	CHECK(!ps_packet_equal(&a, &b));
	a.is_request = false;
	CHECK(!ps_packet_equal(&a, &b));
	b.is_request = false;
	CHECK(ps_packet_equal(&a, &b));
	b.payload = (const uint8_t *)"jello";
	CHECK(!ps_packet_equal(&a, &b));
}

static void check_text(const char *payload, size_t len, const char *literal)
{
	char expected[200];
	ps_packet packet = hello();
	packet.payload = (const uint8_t *)payload;
	packet.payload_len = len;
	char *text = ps_packet_text(&packet);
	CHECK(text);
	snprintf(expected, sizeof expected, "Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=%s)", literal);
	CHECK(strcmp(text, expected) == 0);
	free(text);
}

static void texts_are_python_literals(void)
{
	check_text("hello", 5, "b'hello'");
	check_text("", 0, "b''");
	check_text("it's", 4, "b\"it's\"");
	check_text("'\"", 2, "b'\\'\"'");
	check_text("\\\t\n\r\x00\x7f\xff", 7, "b'\\\\\\t\\n\\r\\x00\\x7f\\xff'");
	check_text("0123456789abcdef", 16, "b'0123456789abcdef'");
	check_text("0123456789abcdefg", 17, "b'0123456789abcdef'...");
	static const char worst[16] = {0};
	ps_packet longest = {true, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0, (const uint8_t *)worst, 16};
	free(ps_packet_text(&longest));
}

/* No octets may make the decoder read outside of them; a sanitizer watches. */
static void any_octets_are_read_within_their_bounds(void)
{
	uint64_t state = 1;
	for (int i = 0; i < 200000; i++) {
		uint8_t octets[24];
		for (size_t j = 0; j < sizeof octets; j++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			octets[j] = (uint8_t)(state >> 56) & (state >> 40 & 1 ? 0xff : 0x0f);
		}
		size_t len = state >> 50 & 0xf, consumed;
		uint8_t *exact = malloc(len + 1);
		CHECK(exact);
		memcpy(exact + 1, octets, len);
		ps_packet packet, again;
		if (ps_packet_decode(exact + 1, len, &packet, &consumed) == PS_OK) {
			uint8_t *back;
			size_t back_len;
			CHECK(consumed <= len);
			CHECK(ps_packet_encode(&packet, &back, &back_len) == PS_OK);
			CHECK(back_len <= consumed);
			CHECK(ps_packet_decode(back, back_len, &again, &consumed) == PS_OK);
			CHECK(ps_packet_equal(&packet, &again));
			free(back);
		}
		free(exact);
	}
}

int main(void)
{
	RUN(packets_are_written_as_specified_and_read_back);
	RUN(flags_that_the_word_cannot_hold_are_refused);
	RUN(overlong_integers_are_read);
	RUN(bodies_too_short_for_their_fields_are_malformed);
	RUN(integers_above_64_bits_are_refused);
	RUN(equality_ignores_the_type_of_a_response_only);
	RUN(texts_are_python_literals);
	RUN(any_octets_are_read_within_their_bounds);
	return 0;
}
