#include "net/gzip.h"

#include <zlib.h>

#include "base/fault.h"

namespace dos::net {

std::string gzipped(std::string_view bytes) {
  auto stream = z_stream();
  constexpr auto gzip_window_bits = 15 + 16;
  DOS_CHECK(deflateInit2(&stream, 1, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  auto result = std::string(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = uInt(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = uInt(result.size());
  auto const done = deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  DOS_CHECK(done == Z_STREAM_END);
  return result;
}

bool is_compressible(std::string_view content_type) {
  auto const type = content_type.substr(0, content_type.find(';'));
  return type.starts_with("text/") || type.ends_with("json") || type.ends_with("xml") ||
         type == "application/javascript" || type == "application/n-triples";
}

}  // namespace dos::net
