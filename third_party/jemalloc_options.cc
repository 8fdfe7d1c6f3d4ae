// jemalloc's own way to be told, in place of the environment (MALLOC_CONF adds to it).
//
// background_thread: what is free goes back to the kernel after some seconds also when nothing is done, as after a client
// that made the server keep much.
//
// Not thp:always: the kernel clears 2 MB at once, in gRPC's threads when much is received. It gained nothing in
// scripts/bench, and `scripts/attack full-streams` had a p99 of up to 0.4 s instead of 5 to 16 ms.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true";
}
