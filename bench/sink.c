/* Takes all RTP that comes to one UDP port of 127.0.0.1 and measures its rhythm.
 *
 *   sink PORT
 *
 * It prints "ready", then works on standard input: a line begins the measurement, the end of the input ends it.
 * It prints one line: streams packets lost late longest
 *   lost     packets that a stream numbered and that did not come
 *   late     gaps of more than 40 ms between two packets of a stream
 *   longest  the longest gap in milliseconds
 * Times are those at which the kernel took a packet, so this program's own lateness is not in the gaps.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 1 << 14, BATCH = 64, SIZE = 256, RTP_HEADER = 12 };
static const double LATE_MS = 40.0;

struct stream {
    uint32_t ssrc, first, highest; /* sequence numbers go on past 65535 here */
    uint64_t packets;
    double last_ms;
};

static struct stream streams[SLOTS];
static uint64_t late;
static double longest_ms;

static void gap(double ms) {
    if (ms > LATE_MS) late++;
    if (ms > longest_ms) longest_ms = ms;
}

static void take(const unsigned char *packet, double now_ms) {
    uint32_t ssrc, slot;
    uint16_t number = (uint16_t)(packet[2] << 8 | packet[3]);
    memcpy(&ssrc, packet + 8, sizeof ssrc);
    for (slot = ssrc % SLOTS; streams[slot].packets && streams[slot].ssrc != ssrc; slot = (slot + 1) % SLOTS) {}
    struct stream *one = &streams[slot];
    if (!one->packets) {
        one->ssrc = ssrc;
        one->first = one->highest = 65536u + number;
    } else {
        int16_t ahead = (int16_t)(number - (uint16_t)one->highest);
        if (ahead > 0) one->highest += (uint32_t)ahead;
        gap(now_ms - one->last_ms);
    }
    one->packets++;
    one->last_ms = now_ms;
}

static double kernel_ms(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof at);
            return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
        }
    return 0.0;
}

int main(int count, char **arguments) {
    int receiver = socket(AF_INET, SOCK_DGRAM, 0), yes = 1, room = 32 << 20, counting = 0;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (count != 2) {
        fprintf(stderr, "usage: sink PORT\n");
        return 2;
    }
    here.sin_port = htons((uint16_t)atoi(arguments[1]));
    /* Beyond the system's limit only root may go; others get what there is. */
    if (setsockopt(receiver, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(receiver, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(receiver, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
    if (bind(receiver, (struct sockaddr *)&here, sizeof here)) {
        perror("sink: the port cannot be had");
        return 1;
    }
    static unsigned char packets[BATCH][SIZE];
    static char times[BATCH][64];
    static struct mmsghdr messages[BATCH];
    static struct iovec places[BATCH];
    printf("ready\n");
    fflush(stdout);
    for (struct pollfd waits[2] = {{.fd = receiver, .events = POLLIN}, {.fd = 0, .events = POLLIN}};;) {
        poll(waits, 2, -1);
        for (int i = 0; i < BATCH; i++) {
            places[i] = (struct iovec){packets[i], SIZE};
            messages[i].msg_hdr = (struct msghdr){
                .msg_iov = &places[i], .msg_iovlen = 1, .msg_control = times[i], .msg_controllen = sizeof times[i]};
        }
        int taken = recvmmsg(receiver, messages, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < taken; i++) {
            int kind = packets[i][1] & 0x7f;
            int is_rtcp = kind >= 72 && kind <= 76; /* RFC 5761 section 4 */
            if (counting && messages[i].msg_len > RTP_HEADER && !is_rtcp) take(packets[i], kernel_ms(&messages[i].msg_hdr));
        }
        if (taken == BATCH || !(waits[1].revents & (POLLIN | POLLHUP))) continue;
        char line[16];
        if (read(0, line, sizeof line) <= 0) break;
        counting = 1;
    }
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    uint64_t heard = 0, packets_heard = 0, lost = 0;
    for (int i = 0; i < SLOTS; i++) {
        struct stream *one = &streams[i];
        if (!one->packets) continue;
        heard++;
        packets_heard += one->packets;
        uint64_t expected = (uint64_t)(one->highest - one->first) + 1;
        if (expected > one->packets) lost += expected - one->packets;
        gap(at.tv_sec * 1e3 + at.tv_nsec / 1e6 - one->last_ms); /* a stream that fell silent */
    }
    printf("%llu %llu %llu %llu %.1f\n", (unsigned long long)heard, (unsigned long long)packets_heard,
           (unsigned long long)lost, (unsigned long long)late, longest_ms);
    return 0;
}
