#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* read_packet reads the packet in a field. It returns false if it has a value that C has not. */
static bool read_packet(const command *c, const char *field, ps_packet *packet, uint8_t **payload)
{
	const json *object = json_get(c->fields, field);
	const json *is_request = json_get(object, "is_request");
	decimal channel, tag, flags, type;
	*payload = NULL;
	if (!object || !field_decimal(object, "channel", &channel) || !field_decimal(object, "tag", &tag) ||
	    !field_decimal(object, "flags", &flags) || !field_decimal(object, "rq_type", &type) || channel.negative ||
	    tag.negative || flags.negative || type.negative)
		return false;
	*packet = (ps_packet){
		.is_request = is_request && is_request->type == JSON_TRUE,
		.channel = channel.magnitude,
		.tag = tag.magnitude,
		.flags = flags.magnitude,
		.type = type.magnitude,
	};
	if (!field_octets(object, "payload", payload, &packet->payload_len))
		return false;
	packet->payload = *payload;
	return true;
}

static void encode(const command *c, const ps_packet *packet)
{
	uint8_t *octets;
	size_t len;
	ps_status status = ps_packet_encode(packet, &octets, &len);
	if (status != PS_OK) {
		reply_status(c, status);
		return;
	}
	text fields = {0};
	text_format(&fields, "\"bytes\":");
	text_hex(&fields, octets, len);
	reply_text(c, &fields);
	free(fields.data);
	free(octets);
}

static void decode(const command *c)
{
	uint8_t *octets;
	size_t len, consumed;
	ps_packet p;
	if (!field_octets(c->fields, "bytes", &octets, &len)) {
		reply_error(c, "invalid", "bytes are not hex digits");
		return;
	}
	ps_status status = ps_packet_decode(octets, len, &p, &consumed);
	if (status != PS_OK) {
		reply_status(c, status);
		free(octets);
		return;
	}
	text fields = {0};
	text_format(&fields, "\"consumed\":%zu,\"packet\":{\"is_request\":%s,\"channel\":\"%" PRIu64 "\",\"tag\":\"%" PRIu64 "\"", consumed,
	            p.is_request ? "true" : "false", p.channel, p.tag);
	text_format(&fields, ",\"flags\":\"%" PRIu64 "\"", p.flags);
	if (p.is_request)
		text_format(&fields, ",\"rq_type\":\"%" PRIu64 "\"", p.type);
	text_format(&fields, ",\"payload\":");
	text_hex(&fields, p.payload, p.payload_len);
	text_format(&fields, "}");
	reply_text(c, &fields);
	free(fields.data);
	free(octets);
}

static void describe(const command *c, const ps_packet *packet)
{
	text fields = {0};
	char *string = need(ps_packet_text(packet));
	text_format(&fields, "\"string\":");
	text_json(&fields, string);
	reply_text(c, &fields);
	free(fields.data);
	free(string);
}

bool codec_command(const command *c)
{
	bool equal = strcmp(c->op, "equal") == 0;
	bool string = strcmp(c->op, "string") == 0;
	if (strcmp(c->op, "decode") == 0) {
		decode(c);
		return true;
	}
	if (!equal && !string && strcmp(c->op, "encode") != 0)
		return false;
	ps_packet a, b;
	uint8_t *a_payload = NULL, *b_payload = NULL;
	if (!read_packet(c, equal ? "a" : "packet", &a, &a_payload) || (equal && !read_packet(c, "b", &b, &b_payload)))
		reply_error(c, "invalid", "the packet has a value that this implementation cannot hold, such as an integer of 2^64 or more");
	else if (equal)
		reply(c, "\"equal\":%s", ps_packet_equal(&a, &b) ? "true" : "false");
	else if (string)
		describe(c, &a);
	else
		encode(c, &a);
	free(a_payload);
	free(b_payload);
	return true;
}
