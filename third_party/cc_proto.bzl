"""cc_proto: .proto files to one C++ library, by Debian's protoc and grpc_cpp_plugin.

The system's protoc writes what the system's libprotobuf expects, so there is no compiler to build."""

def cc_proto(name, srcs, services = [], deps = [], visibility = None):
    """A C++ library of generated messages, and of services. NAME_messages is without gRPC.

    Args:
      name: the library's name; NAME_protos is the filegroup of the sources.
      srcs: .proto files of this package (//proto, @googleapis or @grpc_proto); imports and #includes start at the package.
      services: those of srcs that define services, for which *.grpc.pb.{h,cc} are generated.
      deps: other cc_proto libraries.
      visibility: as everywhere.
    """
    stems = [src[:-len(".proto")] for src in srcs]
    message_headers = [stem + ".pb.h" for stem in stems]
    message_sources = [stem + ".pb.cc" for stem in stems]
    service_stems = [src[:-len(".proto")] for src in services]
    service_headers = [stem + suffix for stem in service_stems for suffix in [".grpc.pb.h", "_mock.grpc.pb.h"]]
    service_sources = [stem + ".grpc.pb.cc" for stem in service_stems]
    dep_protos = [dep + "_protos" for dep in deps]
    native.filegroup(name = name + "_protos", srcs = srcs + dep_protos, visibility = visibility)

    repository = native.repository_name()[1:]
    command = [
        "protoc",
        "-I" + ("external/" + repository if repository else "proto"),
        "-I/usr/include",
        "--cpp_out=$(RULEDIR)",
    ]
    if deps:
        command.append("-Iexternal/googleapis")  # all that there is to depend on
    if services:
        command += ["--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin", "--grpc_out=generate_mock_code=true:$(RULEDIR)"]
    native.genrule(
        name = name + "_generate",
        srcs = srcs + dep_protos,
        outs = message_headers + message_sources + service_headers + service_sources,
        visibility = visibility,
        cmd = " ".join(command + ["$(execpath %s)" % src for src in srcs]),
    )
    native.cc_library(
        name = name + "_messages",
        srcs = message_sources,
        hdrs = message_headers,
        includes = ["."],
        copts = ["-w"],
        visibility = visibility,
        deps = deps + ["@armstate//third_party:protobuf"],
    )
    native.cc_library(
        name = name,
        srcs = service_sources,
        hdrs = service_headers,
        includes = ["."],
        copts = ["-w"],
        visibility = visibility,
        deps = [":" + name + "_messages"] + (["@armstate//third_party:grpc"] if services else []),
    )
