#include "kernel/history/compression.h"

#include <zstd.h>

#include <memory>

#include "kernel/history/bytes.h"

namespace dos::history_parts {
namespace {

struct free_context {
  void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
  void operator()(ZSTD_DCtx* c) const { ZSTD_freeDCtx(c); }
};

}  // namespace

std::string compressed(std::string_view bytes) {
  thread_local auto const context = std::unique_ptr<ZSTD_CCtx, free_context>(ZSTD_createCCtx());
  auto out = std::string(ZSTD_compressBound(bytes.size()), '\0');
  auto const n = ZSTD_compressCCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size(), 1);
  DOS_CHECK(ZSTD_isError(n) == 0);
  out.resize(n);
  return out;
}

std::string expanded(std::string_view bytes, std::size_t most) {
  thread_local auto const context = std::unique_ptr<ZSTD_DCtx, free_context>(ZSTD_createDCtx());
  auto const size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size > most) chunk_reader::fail();  // unknown and wrong sizes are huge numbers
  auto out = std::string(std::size_t(size), '\0');
  auto const n = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(n) != 0 || n != size) chunk_reader::fail();
  return out;
}

}  // namespace dos::history_parts
