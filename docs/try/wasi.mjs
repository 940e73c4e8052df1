// What a program of WASI (preview 1) asks of its system, for one run: arguments, the standard streams, and
// files in memory that can only be read. Everything else answers that it is not there.
// The interface: github.com/WebAssembly/WASI, legacy/preview1/docs.md.

const OK = 0, BADF = 8, INVAL = 28, NOENT = 44, NOSYS = 52, NOTDIR = 54, SPIPE = 70, ROFS = 69;
const UNKNOWN = 0, FOLDER = 3, FILE = 4;

class Exit extends Error {
  constructor(code) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The parts of a path; nothing, if it leads out of the root. */
function parts(path) {
  const way = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      if (way.pop() === undefined) return undefined;
    } else if (part !== "" && part !== ".") {
      way.push(part);
    }
  }
  return way;
}

/** A folder of files by path; a folder is a Map, a file its bytes. */
function tree(files) {
  const root = new Map();
  for (const [path, content] of Object.entries(files)) {
    const way = parts(path), name = way.pop();
    let at = root;
    for (const part of way) {
      if (!at.has(part)) at.set(part, new Map());
      at = at.get(part);
    }
    at.set(name, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
  return root;
}

/**
 * Runs a compiled program to its end.
 * @param {WebAssembly.Module} module
 * @param {{args: string[], stdin?: Uint8Array, files?: Object<string, string|Uint8Array>}} call
 * @returns {Promise<{code: number, stdout: Uint8Array, stderr: Uint8Array}>}
 */
export async function run(module, { args, stdin = new Uint8Array(), files = {} }) {
  const root = tree(files);
  const said = { 1: [], 2: [] };
  const open = [{ bytes: stdin, at: 0 }, { to: 1 }, { to: 2 }, { folder: root, way: [], preopened: true }];
  let memory;
  const view = () => new DataView(memory.buffer);
  const text = (at, length) => new TextDecoder().decode(new Uint8Array(memory.buffer, at, length));
  const find = (way) => way.reduce((at, part) => (at instanceof Map ? at.get(part) : undefined), root);
  const number = new Map();
  const inode = (node) => number.get(node) ?? (number.set(node, BigInt(number.size + 1)), number.get(node));

  /** What a path below an open folder leads to. */
  const below = (fd, at, length) => {
    const folder = open[fd];
    if (!folder?.folder) return { error: folder ? NOTDIR : BADF };
    const way = parts([...folder.way, text(at, length)].join("/"));
    const node = way && find(way);
    return node === undefined ? { error: NOENT } : { node, way };
  };
  const stat = (at, node) => {
    const out = view();
    for (let i = 0; i < 64; i += 8) out.setBigUint64(at + i, 0n, true);
    out.setBigUint64(at + 8, inode(node), true);
    out.setUint8(at + 16, node instanceof Map ? FOLDER : node instanceof Uint8Array ? FILE : UNKNOWN);
    out.setBigUint64(at + 24, 1n, true);
    out.setBigUint64(at + 32, BigInt(node.length ?? 0), true);
    return OK;
  };
  const strings = (list) => {
    const bytes = list.map((one) => new TextEncoder().encode(one + "\0"));
    return {
      sizes(count, size) {
        view().setUint32(count, bytes.length, true);
        view().setUint32(size, bytes.reduce((sum, one) => sum + one.length, 0), true);
        return OK;
      },
      get(pointers, buffer) {
        for (const one of bytes) {
          view().setUint32(pointers, buffer, true);
          new Uint8Array(memory.buffer).set(one, buffer);
          pointers += 4;
          buffer += one.length;
        }
        return OK;
      },
    };
  };
  const given = strings(args), environment = strings([]);
  const vectors = (at, count) =>
    Array.from({ length: count }, (_, i) => [view().getUint32(at + 8 * i, true), view().getUint32(at + 8 * i + 4, true)]);

  const calls = {
    args_sizes_get: given.sizes,
    args_get: given.get,
    environ_sizes_get: environment.sizes,
    environ_get: environment.get,
    clock_time_get(_clock, _precision, out) {
      view().setBigUint64(out, BigInt(Date.now()) * 1000000n, true);
      return OK;
    },
    random_get(at, length) {
      for (let i = 0; i < length; i += 65536) {
        crypto.getRandomValues(new Uint8Array(memory.buffer, at + i, Math.min(65536, length - i)));
      }
      return OK;
    },
    proc_exit(code) {
      throw new Exit(code);
    },
    sched_yield: () => OK,
    fd_read(fd, at, count, out) {
      const file = open[fd];
      if (!file?.bytes) return BADF;
      let sum = 0;
      for (const [buffer, length] of vectors(at, count)) {
        const piece = file.bytes.subarray(file.at, file.at + length);
        new Uint8Array(memory.buffer).set(piece, buffer);
        file.at += piece.length;
        sum += piece.length;
      }
      view().setUint32(out, sum, true);
      return OK;
    },
    fd_write(fd, at, count, out) {
      const to = said[open[fd]?.to];
      if (!to) return BADF;
      let sum = 0;
      for (const [buffer, length] of vectors(at, count)) {
        to.push(new Uint8Array(memory.buffer, buffer, length).slice());
        sum += length;
      }
      view().setUint32(out, sum, true);
      return OK;
    },
    fd_seek(fd, offset, whence, out) {
      const file = open[fd];
      if (!file?.bytes || fd === 0) return SPIPE;
      const from = [0, file.at, file.bytes.length][whence];
      if (from === undefined) return INVAL;
      file.at = from + Number(offset);
      view().setBigUint64(out, BigInt(file.at), true);
      return OK;
    },
    fd_close(fd) {
      if (!open[fd]) return BADF;
      open[fd] = undefined;
      return OK;
    },
    fd_fdstat_get(fd, out) {
      const file = open[fd];
      if (!file) return BADF;
      const kind = file.folder ? FOLDER : fd > 2 ? FILE : UNKNOWN;
      view().setUint8(out, kind);
      view().setUint16(out + 2, 0, true);
      view().setBigUint64(out + 8, ~0n & 0x1fffffffn, true);
      view().setBigUint64(out + 16, ~0n & 0x1fffffffn, true);
      return OK;
    },
    fd_filestat_get(fd, out) {
      const file = open[fd];
      if (!file) return BADF;
      return stat(out, file.folder ?? (fd > 2 ? file.bytes : {}));
    },
    fd_prestat_get(fd, out) {
      if (!open[fd]?.preopened) return BADF;
      view().setUint32(out, 0, true);
      view().setUint32(out + 4, 1, true);
      return OK;
    },
    fd_prestat_dir_name(fd, at) {
      if (!open[fd]?.preopened) return BADF;
      view().setUint8(at, ".".charCodeAt(0));
      return OK;
    },
    fd_readdir(fd, buffer, length, cookie, out) {
      const folder = open[fd]?.folder;
      if (!folder) return BADF;
      let used = 0;
      const entries = [...folder].slice(Number(cookie));
      for (const [i, [name, node]] of entries.entries()) {
        const bytes = new TextEncoder().encode(name), entry = new DataView(new ArrayBuffer(24));
        entry.setBigUint64(0, cookie + BigInt(i + 1), true);
        entry.setBigUint64(8, inode(node), true);
        entry.setUint32(16, bytes.length, true);
        entry.setUint8(20, node instanceof Map ? FOLDER : FILE);
        for (const piece of [new Uint8Array(entry.buffer), bytes]) {
          const fits = piece.subarray(0, length - used);
          new Uint8Array(memory.buffer).set(fits, buffer + used);
          used += fits.length;
        }
        if (used === length) break;
      }
      view().setUint32(out, used, true);
      return OK;
    },
    path_filestat_get(fd, _flags, at, length, out) {
      const { error, node } = below(fd, at, length);
      return error ?? stat(out, node);
    },
    path_open(fd, _lookup, at, length, how, _rights, _inherited, _flags, out) {
      const { error, node, way } = below(fd, at, length);
      if (error) return (how & 1) && error === NOENT ? ROFS : error;
      if ((how & 2) && !(node instanceof Map)) return NOTDIR;
      if (how & 8) return ROFS;
      open.push(node instanceof Map ? { folder: node, way } : { bytes: node, at: 0 });
      view().setUint32(out, open.length - 1, true);
      return OK;
    },
    path_readlink: () => INVAL,
  };
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = calls[name] ?? (() => NOSYS);
  }
  const instance = await WebAssembly.instantiate(module, imports);
  memory = instance.exports.memory;
  let code = 0;
  try {
    instance.exports._start();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  const joined = (pieces) => {
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  };
  return { code, stdout: joined(said[1]), stderr: joined(said[2]) };
}
