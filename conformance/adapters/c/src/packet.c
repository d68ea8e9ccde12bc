#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

const char *ps_status_text(ps_status status)
{
	switch (status) {
	case PS_OK: return "success";
	case PS_ERR_INVALID: return "a value is out of its range";
	case PS_ERR_CLOSED: return "the connection is shut down, or the peer reads no more";
	case PS_ERR_CANCELLED: return "the peer's stream ended before the answer";
	case PS_ERR_DECODER: return "the response decoder failed";
	case PS_ERR_INCOMPLETE: return "the octets stop inside a packet";
	case PS_ERR_MALFORMED: return "the octets are no packet, or one with an integer of 2^64 or more";
	case PS_ERR_DEADLOCK: return "a handler would wait for its own end";
	case PS_ERR_NO_MEMORY: return "out of memory";
	case PS_ERR_SYSTEM: return "a call of the operating system failed";
	}
	return "unknown status";
}

ps_status ps_packet_encode(const ps_packet *packet, uint8_t **octets, size_t *len)
{
	uint8_t header[PSI_MAX_HEADER];
	if (packet->payload_len > SIZE_MAX - 2 * PSI_MAX_HEADER)
		return PS_ERR_INVALID;
	size_t start = psi_header_write(packet, header);
	if (!start)
		return PS_ERR_INVALID;
	uint8_t *result = malloc(start + packet->payload_len);
	if (!result)
		return PS_ERR_NO_MEMORY;
	memcpy(result, header, start);
	if (packet->payload_len)
		memcpy(result + start, packet->payload, packet->payload_len);
	*octets = result;
	*len = start + packet->payload_len;
	return PS_OK;
}

ps_status ps_packet_decode(const uint8_t *octets, size_t len, ps_packet *packet, size_t *consumed)
{
	psi_header header = {0};
	size_t used = 0;
	while (header.stage != PSI_COMPLETE) {
		if (used == len)
			return PS_ERR_INCOMPLETE;
		if (!psi_header_feed(&header, octets[used++]))
			return PS_ERR_MALFORMED;
	}
	if (header.left > len - used)
		return PS_ERR_INCOMPLETE;
	*packet = header.packet;
	packet->payload = octets + used;
	packet->payload_len = (size_t)header.left;
	*consumed = used + packet->payload_len;
	return PS_OK;
}

bool ps_packet_equal(const ps_packet *a, const ps_packet *b)
{
	return a->is_request == b->is_request && a->channel == b->channel && a->tag == b->tag &&
	       a->flags == b->flags && (!a->is_request || a->type == b->type) &&
	       a->payload_len == b->payload_len &&
	       (a->payload_len == 0 || memcmp(a->payload, b->payload, a->payload_len) == 0);
}

/* put_literal writes octets as a Python bytes literal, whose quote is ' unless only ' occurs. */
static char *put_literal(char *text, const uint8_t *octets, size_t len)
{
	bool both = len && memchr(octets, '\'', len) && !memchr(octets, '"', len);
	uint8_t quote = both ? '"' : '\'';
	*text++ = 'b';
	*text++ = (char)quote;
	for (size_t i = 0; i < len; i++) {
		uint8_t octet = octets[i];
		if (octet == quote || octet == '\\')
			text += sprintf(text, "\\%c", octet);
		else if (octet >= 0x20 && octet < 0x7f)
			*text++ = (char)octet;
		else if (octet == '\t' || octet == '\n' || octet == '\r')
			text += sprintf(text, "\\%c", octet == '\t' ? 't' : octet == '\n' ? 'n' : 'r');
		else
			text += sprintf(text, "\\x%02x", octet);
	}
	*text++ = (char)quote;
	return text;
}

char *ps_packet_text(const ps_packet *packet)
{
	enum { SHOWN = 16 };
	char *result = malloc(200); /* 128 for the fields with 20 digits each, 67 for the literal */
	if (!result)
		return NULL;
	char *end = result + sprintf(result, "Packet(is_request=%s,channel=%" PRIu64 ",tag=%" PRIu64 ",flags=0x%02" PRIx64 ",payload=",
	                             packet->is_request ? "True" : "False", packet->channel, packet->tag, packet->flags);
	end = put_literal(end, packet->payload, packet->payload_len < SHOWN ? packet->payload_len : SHOWN);
	strcpy(end, packet->payload_len > SHOWN ? "...)" : ")");
	return result;
}
