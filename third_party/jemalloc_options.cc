// jemalloc's own way to be told, in place of the environment (MALLOC_CONF adds to it).
//
// thp: memory in pages of 2 MB where the kernel gives them on request (/sys/kernel/mm/transparent_hugepage/enabled:
// madvise). Memtables and caches are searched all over, and the processor finds only some thousand pages without a look
// at the page tables.
//
// background_thread: what is free goes back to the kernel after some seconds also when nothing is done, as after a client
// that made the server keep much.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,background_thread:true";
}
