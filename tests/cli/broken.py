"""Broken forms of sound files, made the same way each time: what tests/corpus does not hold because it is large, binary, or one case of many.

Each function yields (name, bytes); every file must be refused."""
import io
import os
import re
import struct
import zlib

XINCLUDE = 'xmlns:xi="http://www.w3.org/2001/XInclude"'


def cuts(data, places=24):
    """Cut short at places all over the file. The end of an XML file may be white space, which nobody misses."""
    size = len(data.rstrip())
    for n in sorted({0, 1, *(size * i // places for i in range(1, places)), size - 1}):
        yield f"cut-{n}", data[:n]


# --- XML that means harm, whatever it is about ----------------------------------------------------------------------------------

def document(root, attributes="", inside="", before=""):
    return f'<?xml version="1.0"?>\n{before}<{root} {attributes}>\n{inside}\n</{root}>\n'.encode()


def hostile_doctypes(root, sound):
    head, body = '<?xml version="1.0"?>\n', re.sub(r"^<\?xml.*?\?>\s*", "", sound.decode())
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    subsets = {
        "billion-laughs": f'<!DOCTYPE {root} [<!ENTITY l0 "ha">{laughs}]>',
        "quadratic-entity": f'<!DOCTYPE {root} [<!ENTITY a "{"a" * 100000}">]>',
        "external-entity": f'<!DOCTYPE {root} [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        "endless-entity": f'<!DOCTYPE {root} [<!ENTITY e SYSTEM "file:///dev/zero">]>',
        "entity-of-the-network": f'<!DOCTYPE {root} [<!ENTITY e SYSTEM "http://127.0.0.1:9/e">]>',
        "parameter-entity": f'<!DOCTYPE {root} [<!ENTITY % p SYSTEM "file:///dev/zero"> %p;]>',
        "external-subset": f'<!DOCTYPE {root} SYSTEM "file:///dev/zero">',
        "default-attribute": f'<!DOCTYPE {root} [<!ATTLIST {root} name CDATA "given">]>',
        "entity-of-itself": f'<!DOCTYPE {root} [<!ENTITY a "&b;"><!ENTITY b "&a;">]>',
        "doctype-without-end": f"<!DOCTYPE {root} [",
    }
    for name, subset in subsets.items():
        yield name, (head + subset + body).encode()
    yield "use-of-an-entity", document(root, 'name="&l9;"')


def hostile_sizes(root, sound):
    yield "deep", f"<{root}>".encode() + b"<a>" * 200000
    yield "deep-and-closed", f"<{root}>".encode() + b"<a>" * 5000 + b"</a>" * 5000 + f"</{root}>".encode()
    yield "long-attribute", document(root, f'version="1" name="{"x" * (11 << 20)}"')
    yield "long-number", document(root, f'version="{"9" * (9 << 20)}"')
    yield "long-element", document(root, "", f"<{'e' * (11 << 20)}/>")
    yield "long-text", document(root, "", "x" * (11 << 20))
    yield "long-namespace", document(root, f'xmlns="{"n" * (11 << 20)}"')
    yield "many-attributes", document(root, " ".join(f'a{i}="1"' for i in range(200000)))
    yield "many-namespaces", document(root, " ".join(f'xmlns:a{i}="b"' for i in range(200000)))
    yield "many-elements", document(root, "", "<e/>" * 1000000)
    yield "many-comments", document(root, "", "<!--c-->" * 500000 + "<e/>")
    yield "many-instructions", document(root, "", "<?p i?>" * 500000 + "<e/>")
    yield "many-references", document(root, "", "&#120;" * 1000000)
    yield "many-lines", b"\n" * (8 << 20) + b"<e/>"
    yield "many-roots", sound * 3
    # Inside a sound document, which is read to the end.
    at = sound.rindex(b"</")
    for name, inside in {"comment": b"<!--" + b"c" * (9 << 20) + b"-->", "instruction": b"<?p " + b"i" * (9 << 20) + b"?>", "cdata": b"<a><![CDATA[" + b"d><" * (3 << 20) + b"]]></a>",
                         "blanks": b" " * (9 << 20), "references": b"<a>" + b"&#120;" * 1000000 + b"</a>", "cdatas": b"<a>" + b"<![CDATA[d]]>" * 500000 + b"</a>"}.items():
        yield f"long-{name}-inside", sound[:at] + inside + b"<nonsense/>" + sound[at:]


def hostile_bytes(root, sound):
    text = re.sub(r"^<\?xml.*?\?>\s*", "", sound.decode())
    yield "utf-16", text.encode("utf-16")
    yield "utf-16-without-mark", text.encode("utf-16-le")
    yield "utf-32", text.encode("utf-32")
    yield "declared-utf-16", b'<?xml version="1.0" encoding="UTF-16"?>' + text.encode()
    yield "declared-unknown", b'<?xml version="1.0" encoding="EBCDIC-X"?>' + text.encode()
    for name, bad in {"latin-1": b"\xe9", "overlong": b"\xc0\xaf", "surrogate": b"\xed\xa0\x80", "beyond-unicode": b"\xf4\x90\x80\x80", "nul": b"\0", "control": b"\x01", "half": b"\xe2\x82"}.items():
        yield name, sound[:-8] + bad + sound[-8:]
        yield f"{name}-first", bad + sound
    yield "two-marks", b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode()
    yield "compressed", zlib.compress(sound, 9, 31)
    yield "reference-to-nul", document(root, 'name="&#0;"')
    yield "reference-beyond", document(root, 'name="&#x110000;"')
    yield "version-2", b'<?xml version="2.0"?>' + text.replace('"', "").encode()
    yield "text-after", sound + b"more"
    yield "comment-without-end", sound + b"<!--"
    yield "cdata-without-end", document(root, "", "<![CDATA[")
    yield "instruction-without-end", sound + b"<?php"
    yield "attribute-twice", document(root, 'version="1" version="1"')
    yield "prefix-of-nothing", document(root, 'a:b="1"')
    yield "element-of-nowhere", document(root, "", "<a:b/>")
    yield "foreign-root", document(root, 'xmlns="urn:elsewhere" version="1"')
    for name, what in {"itself": "broken.xml", "a-device": "/dev/zero", "a-secret": "/etc/passwd", "above": "../../../etc/passwd", "the-network": "http://127.0.0.1:9/x", "nothing": "", "a-folder": "."}.items():
        yield f"include-{name}", document(root, f'{XINCLUDE} version="1"', f'<xi:include href="{what}"/>')


def hostile_xml(root, sound):
    yield from hostile_doctypes(root, sound)
    yield from hostile_sizes(root, sound)
    yield from hostile_bytes(root, sound)


# --- one value or name of a sound file that is not right ----------------------------------------------------------------------------

NUMBERS = {"negative": "-7", "word": "many", "nothing": "", "nan": "nan", "huge": "99999999999999999999", "endless": "1e999", "hexadecimal": "0x10", "two-points": "1.2.3", "doubled": "1 2 3 4 5 6 7 8 9 10"}


def wrong_numbers(sound, attributes):
    """The first number of each of these attributes (ELEMENT.ATTRIBUTE) is none that fits; its unit stays."""
    text = sound.decode()
    for where in attributes:
        element, attribute = where.split(".")
        place = re.search(rf'(<{element}\b[^>]*?\s{attribute}=")([-+.0-9e]+)', text)
        assert place, f"no {where} in the sound file"
        for what, number in NUMBERS.items():
            yield f"{where}-{what}", (text[:place.start(2)] + number + text[place.end(2):]).encode()


def without_asides(text):
    """Comments and embedded texts are blank; all else stands where it stood."""
    return re.sub(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", lambda m: " " * len(m.group()), text, flags=re.S)


def wrong_names(sound):
    """Each id twice; each id that others name under another name; each element and attribute misspelt."""
    text = sound.decode()
    body = without_asides(text)
    for place in re.finditer(r'<(\w[\w-]*)\s[^>]*?\b(?:id|name)="([^"]+)"[^>]*?(/?)>', body):
        element, name = place.group(1), place.group(2)
        if element in ("platform", "workload", "mapping", "schedule"):
            continue
        end = place.end() if place.group(3) else body.index(f"</{element}>", place.end()) + len(f"</{element}>")
        yield f"twice-{element}-{name}", (text[:end] + text[place.start():end] + text[end:]).encode()
        quoted = place.start(2), place.end(2)
        others = " ".join(re.findall(r'="([^"]*)"', body[:quoted[0]] + body[quoted[1]:]))
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", others):
            yield f"dangling-{element}-{name}", (text[:quoted[0]] + "9" + name + "9" + text[quoted[1]:]).encode()
    for element in sorted(set(re.findall(r"<(\w[\w-]*)", body))):
        yield f"misspelt-{element}", re.sub(rf"(</?){element}(?=[\s/>])", rf"\1{element}s", text).encode()
    for element, attribute in sorted(set(re.findall(r'<(\w[\w-]*)[^<>]*?\s(\w[\w-]*)="', body))):
        yield f"misspelt-{element}.{attribute}", re.sub(rf'(<{element}\b[^<>]*?\s){attribute}="', rf'\1{attribute}s="', text, count=1).encode()


def crowds(sound, elements, n=10000):
    """Each of these elements (one of each id) n times: all of one name; each of its own name, with the last one's attributes wrong; each naming what is not there."""
    text = sound.decode()
    for element in elements:
        place = re.search(rf'[ \t]*<{element}\s[^>]*?\b(id|name)="([^"]+)"[^>]*?(/?)>', without_asides(text))
        end = place.end() if place.group(3) else text.index(f"</{element}>", place.end()) + len(f"</{element}>")
        one, attribute, name = text[place.start():end] + "\n", *place.group(1, 2)
        own = [one.replace(f'{attribute}="{name}"', f'{attribute}="{int(name) + 100000 + i if name.isdigit() else f"{name}{i}"}"', 1) for i in range(n)]
        dangling = re.search(r'\b(inputs|connects|uses|memory|tensor|queue|layer|cores)="([^"]+)"', one)
        forms = {"of-one-name": one * n, "with-a-fault": "".join(own[:-1]) + own[-1].replace(f'{attribute}="', f'nonsense="1" {attribute}="', 1)}
        if dangling:
            forms["that-dangle"] = "".join(o.replace(dangling.group(), f'{dangling.group(1)}="{900000 + i if dangling.group(2)[0].isdigit() else f"gone{i}"}"', 1) for i, o in enumerate(own))
        for what, many in forms.items():
            yield f"{element}-{what}", (text[:end] + "\n" + many + text[end:]).encode()


# --- HDF5 --------------------------------------------------------------------------------------------------------------------------

def datasets_of(file):
    import h5py
    found = []
    file.visititems(lambda name, thing: found.append(f"/{name}") if isinstance(thing, h5py.Dataset) else None)
    return found


def replace(file, path, dtype, shape, **how):
    del file[path]
    file.create_dataset(path, shape, dtype, **how)


def wrong_types(file, effort=3):
    """Columns of another kind: (name, change). Each column is missing once, and has @effort of the other faults, in turns."""
    import h5py
    turn = 0
    for path in datasets_of(file):
        old = file[path]
        # What only names the rows for other readers is not read.
        if old.ndim != 1 or old.shape[0] == 0 or path.count("/") > 2 or old.attrs.get("CLASS") == b"DIMENSION_SCALE":
            continue
        n, kind = old.shape[0], old.dtype
        wrong = {
            "of-floats": lambda f, p=path, n=n: replace(f, p, "<f8", (n,)),
            "of-compounds": lambda f, p=path, n=n: replace(f, p, [("a", "<u4"), ("b", "<u4")], (n,)),
            "a-table": lambda f, p=path, n=n, k=kind: replace(f, p, k, (n, 1)),
            "a-scalar": lambda f, p=path, k=kind: replace(f, p, k, ()),
            "a-group": lambda f, p=path: (f.__delitem__(p), f.create_group(p)),
            "elsewhere": lambda f, p=path: (f.__delitem__(p), f.__setitem__(p, h5py.ExternalLink("/dev/zero", "/x"))),
            "in-a-circle": lambda f, p=path: (f.__delitem__(p), f.__setitem__(p, h5py.SoftLink(p))),
        }
        if kind.kind == "u":
            wrong |= {
                "signed": lambda f, p=path, n=n, k=kind: replace(f, p, k.str.replace("u", "i"), (n,)),
                "longer": lambda f, p=path, n=n, k=kind: replace(f, p, k, (n + 1,)),
                "huge": lambda f, p=path, k=kind: replace(f, p, k, (1 << 58,), chunks=(1 << 16,)),
                "a-huge-gap": lambda f, p=path, k=kind: replace(f, p, k, (1 << 50,)),
            }
        if kind.kind == "u" and kind.itemsize > 1:
            wrong["big-endian"] = lambda f, p=path, n=n, k=kind: replace(f, p, k.newbyteorder(">"), (n,))
        name = path[1:].replace("/", ".")
        yield f"{name}-missing", lambda f, p=path: f.__delitem__(p)
        turned = list(wrong)[turn % len(wrong):] + list(wrong)[:turn % len(wrong)]
        for what in turned[::max(1, len(turned) // effort)][:effort]:
            yield f"{name}-{what}", wrong[what]
        turn += 1


def raw_chunk(file, path, data, filters):
    """One chunk of these bytes, which @filters made or did not."""
    old = file[path]
    n, kind = old.shape[0], old.dtype
    del file[path]
    made = file.create_dataset(path, (n,), kind, chunks=(n,), **filters)
    made.id.write_direct_chunk((0,), data)


def wrong_chunks(path):
    deflate = {"compression": "gzip", "shuffle": True}
    yield "chunk-is-a-bomb", lambda f: raw_chunk(f, path, zlib.compress(bytes(64 << 20), 9), deflate)
    yield "chunk-is-garbage", lambda f: raw_chunk(f, path, b"0123456789" * 4, deflate)
    yield "chunk-is-short", lambda f: raw_chunk(f, path, zlib.compress(b"1"), deflate)
    yield "chunk-with-another-filter", lambda f: replace(f, path, f[path].dtype, f[path].shape, chunks=f[path].shape, fletcher32=True)
    yield "chunks-huge", lambda f: replace(f, path, f[path].dtype, (1 << 28,), chunks=(1 << 28,))


def change_attribute(file, name, value, dtype=None):
    del file.attrs[name]
    if value is not None:
        file.attrs.create(name, value, dtype=dtype)


def changed(sound, change):
    import h5py
    whole = io.BytesIO(sound)
    with h5py.File(whole, "r+") as file:
        change(file)
    return whole.getvalue()


def hdf5(sound, column, wrong):
    """Files cut short, columns and chunks of a wrong kind, the root in itself, and @wrong: {name: change}."""
    import h5py
    yield from cuts(sound, 40)
    with h5py.File(io.BytesIO(sound), "r") as file:
        changes = list(wrong_types(file, 99 if os.environ.get("HEDDLE_SLOW") else 3))
    changes += wrong_chunks(column)
    changes += [("root-in-itself", lambda f: (f.__delitem__(column.rsplit("/", 1)[0]), f.__setitem__(column.rsplit("/", 1)[0], f["/"]))), ("many-groups", lambda f: [f.create_group(f"g{i}") for i in range(3000)] and f.__delitem__(column))]
    for name, change in [*changes, *wrong.items()]:
        yield name, changed(sound, change)
    yield "signature-only", sound[:8]
    yield "not-hdf5", b"\211HDF\r\n\032\n" + b"\xff" * 4000


# --- protocol buffers ----------------------------------------------------------------------------------------------------------------

def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def hostile_messages():
    """Messages that are cheap to write and dear to read."""
    yield "text", b"This is no model.\n" * 100
    yield "one-byte", b"\x08"
    yield "zeros", bytes(1 << 20)
    yield "ones", b"\xff" * (1 << 20)
    yield "empty-nodes", field(7, field(1, b"") * 1500000)
    yield "empty-graphs", field(7, b"") * 1500000
    nested = b""
    for _ in range(2000):
        nested = field(7, field(1, field(5, field(6, nested))))[:1 << 20]   # a graph in an attribute in a node of a graph
    yield "graphs-in-graphs", nested
    yield "length-beyond", varint(7 << 3 | 2) + varint(1 << 62) + b"x"
    yield "length-2-64", varint(7 << 3 | 2) + b"\xff" * 9 + b"\x01"
    yield "endless-varint", b"\x08" + b"\xff" * 4000
    yield "group", struct.pack("B", 7 << 3 | 3) * 100000
    yield "field-of-2-29", varint((1 << 29) << 3 | 2) + b"\x00"
    yield "many-opsets", field(8, b"\x10\x0d") * 1500000
    yield "many-sizes", field(7, field(11, field(1, b"x") + field(2, field(1, varint(8) + b"\x01" + field(2, field(1, b"\x08\x01") * 400000)))))
    yield "long-name", field(7, field(1, field(3, b"n" * (8 << 20)) + field(4, b"O" * (8 << 20))))
