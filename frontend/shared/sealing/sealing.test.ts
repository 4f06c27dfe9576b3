// Opens what Python sealed, seals what Python opens, and refuses what a hostile server would send.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { fromBase64, toBase64, toBase64Url, utf8 } from "./bytes.ts";
import { pad, rset, seal, sign, unseal, verify, type Expected, type Signer, type Words } from "./envelope.ts";
import { Altered, NotForYou, Readdressed, UnknownSigner, WrongForm, WrongKey } from "./faults.ts";
import { closeTo, makePersonKeys, makeSharedKey, openText, publicOf, recipientOf, signingKey } from "./keys.ts";
import { normalised, patientMark } from "./mark.ts";
import { deriveHere, unwrap, wrap } from "./passphrase.ts";

const FOLDER = resolve(import.meta.dirname, "../../../tests/sealing/vectors");

interface Vector {
  made_by: string;
  passphrase: string;
  salt: string;
  kdf: { memory_kib: number; passes: number; lanes: number };
  verifier: string;
  wrapped_key: string;
  reader: { age: string; sign: string; recipient: string; sign_public: string };
  inbox: string;
  recovery: string;
  desk: string;
  share: string;
  mark_key: string;
  mark_closed: string;
  mark_name: string;
  mark_born: string;
  mark: string;
  signer: Signer;
  expected: Required<Expected>;
  to: string[];
  rset: string;
  body: Record<string, unknown>;
  sealed: string;
}

const vector = JSON.parse(readFileSync(resolve(FOLDER, "from-python.json"), "utf8")) as Vector;

describe("what Python sealed", () => {
  it("opens here for the clinician, the inbox and the recovery key", async () => {
    for (const key of [vector.reader.age, vector.inbox, vector.recovery]) {
      const words = await unseal(fromBase64(vector.sealed), [key], [vector.signer], vector.expected);
      expect(words.body).toEqual(vector.body);
    }
  });
  it("names its recipients as we would", async () => {
    expect(await rset(vector.to)).toBe(vector.rset);
    expect(await recipientOf(vector.reader.age)).toBe(vector.reader.recipient);
    expect((await publicOf(vector.reader)).signPublic).toBe(vector.reader.sign_public);
  });
  it("the passphrase gives the same verifier and opens the same keys", async () => {
    const derived = await deriveHere(vector.passphrase, fromBase64(vector.salt), vector.kdf);
    expect(toBase64(derived.verifier)).toBe(vector.verifier);
    const { age, sign: seed } = vector.reader;
    expect(await unwrap(fromBase64(vector.wrapped_key), derived.kek)).toEqual({ age, sign: seed });
  });
  it("the share and the mark key open, and the mark is the same", async () => {
    expect(await openText(fromBase64(vector.share), [vector.reader.age])).toBe(vector.desk);
    expect(await openText(fromBase64(vector.mark_closed), [vector.desk])).toBe(toBase64Url(fromBase64(vector.mark_key)));
    expect(await patientMark(fromBase64(vector.mark_key), vector.mark_name, vector.mark_born)).toBe(vector.mark);
  });
});

describe("a hostile server", () => {
  const sealed = fromBase64(vector.sealed);
  const reader = [vector.reader.age];

  it("cannot show it to another clinician", async () => {
    await expect(unseal(sealed, [await makeSharedKey()], [vector.signer])).rejects.toThrow(NotForYou);
  });
  it("cannot flip a bit or cut it short", async () => {
    for (const at of [40, 200, 700, sealed.length - 1]) {
      const flipped = sealed.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      await expect(unseal(flipped, reader, [vector.signer])).rejects.toThrow(NotForYou);
      await expect(unseal(sealed.slice(0, at), reader, [vector.signer])).rejects.toThrow(NotForYou);
    }
  });
  it("cannot show one message in another's place", async () => {
    for (const other of [{ id: "message_2" }, { account: "account_2" }, { call: "call_2" }]) {
      await expect(unseal(sealed, reader, [vector.signer], { ...vector.expected, ...other })).rejects.toThrow(Readdressed);
    }
  });
  it("cannot pass the signed words on to somebody else", async () => {
    const signed = await openText(sealed, reader);
    const lindt = await makeSharedKey();
    const passedOn = await closeTo(signed, [await recipientOf(lindt)]);
    await expect(unseal(passedOn, [lindt], [vector.signer])).rejects.toThrow(Readdressed);
  });
  it("cannot swap, retire or hide the signing key unnoticed", async () => {
    const other = (await publicOf(await makePersonKeys())).signPublic;
    await expect(unseal(sealed, reader, [{ ...vector.signer, sign_public: other }])).rejects.toThrow(Altered);
    const retired = { ...vector.signer, retired_at: "2031-03-02T00:00:00Z" };
    await expect(unseal(sealed, reader, [retired])).rejects.toThrow(UnknownSigner);
    await expect(unseal(sealed, reader, [{ ...vector.signer, person_id: "person_2" }])).rejects.toThrow(UnknownSigner);
    await expect(unseal(sealed, reader, [])).rejects.toThrow(UnknownSigner);
  });
  it("cannot downgrade the algorithm", async () => {
    const [, body, signature] = (await openText(sealed, reader)).split(".");
    for (const alg of ["none", "HS256", "EdDSA"]) {
      const head = toBase64Url(utf8(JSON.stringify({ alg, kid: vector.signer.key_id, typ: "nightbell+jws" })));
      await expect(verify(`${head}.${body}.${signature}`, [vector.signer])).rejects.toThrow(WrongForm);
    }
  });
  it("gets every refusal read as a sentence", () => {
    for (const Fault of [Altered, NotForYou, Readdressed, UnknownSigner, WrongForm, WrongKey]) {
      expect(new Fault().message).toMatch(/^[A-Z].* .*\.$/);
    }
  });
});

describe("sealing here", () => {
  let mine: Vector;
  beforeAll(async () => {
    mine = await made();
  });

  it("opens again, and refuses a key of the post-quantum kind", async () => {
    const words = await unseal(fromBase64(mine.sealed), [mine.inbox], [mine.signer], mine.expected);
    expect(words.body).toEqual(mine.body);
    await expect(closeTo("x", ["age1pq1qqqqqqqq"])).rejects.toThrow(TypeError);
  });
  it("tells only a bucket by its length", async () => {
    expect([0, 1, 1024, 1025, 5000].map((length) => pad("x".repeat(length)).length)).toEqual([1024, 1024, 1024, 2048, 8192]);
    const keys = await makePersonKeys();
    const words = (about: string): Words => ({ ...wordsOf(mine), body: { about } });
    const lengths = await Promise.all(["", "a long story ".repeat(20)].map(async (one) => (await sign(words(one), "key_1", await signingKey(keys))).length));
    expect(lengths[0]).toBe(lengths[1]);
  });
  it("a signing key cannot be read out of the page", async () => {
    const key = await signingKey(await makePersonKeys());
    await expect(crypto.subtle.exportKey("pkcs8", key)).rejects.toThrow();
  });
  it("another passphrase opens nothing", async () => {
    const kdf = { memory_kib: 64, passes: 1, lanes: 1 };
    const salt = new Uint8Array(16);
    const right = await deriveHere("night bell", salt, kdf);
    const wrong = await deriveHere("night bells", salt, kdf);
    const closed = new Uint8Array(await wrap(await makePersonKeys(), right.kek));
    await expect(unwrap(closed, wrong.kek)).rejects.toThrow(WrongKey);
  });
  it("leaves no mark for half a birth date or a nameless patient", async () => {
    expect(normalised("ZOË  O’Brien", "1951-04-03")).toBe("zoeobrien|1951-04-03");
    const key = new Uint8Array(32);
    expect([await patientMark(key, "?", "1951-04-03"), await patientMark(key, "Zoe", "")]).toEqual([null, null]);
  });
  it("is kept as a vector for Python", () => {
    const place = resolve(FOLDER, "from-node.json");
    if (!existsSync(place)) writeFileSync(place, `${JSON.stringify(mine, null, 1)}\n`);
    const kept = JSON.parse(readFileSync(place, "utf8")) as Vector;
    expect(Object.keys(kept).sort()).toEqual(Object.keys(vector).sort());
  });
});

function wordsOf(one: Vector): Words {
  const { expected, signer, to, body } = one;
  return { ...expected, from: signer.person_id, created: "2031-03-09T21:00:00.000Z", type: "clinical", to, body };
}

/** The same vector as tests/sealing/vectors.py makes, by this code. */
async function made(): Promise<Vector> {
  const [dana, okafor] = [await makePersonKeys(), await makePersonKeys()];
  const [inbox, recovery, desk] = [await makeSharedKey(), await makeSharedKey(), await makeSharedKey()];
  const reader = await publicOf(okafor);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const passphrase = vector.passphrase;
  const derived = await deriveHere(passphrase, salt);
  const markKey = crypto.getRandomValues(new Uint8Array(32));
  const to = [reader.ageRecipient, await recipientOf(inbox), await recipientOf(recovery)].sort();
  const one: Vector = {
    made_by: "frontend/shared/sealing (age-encryption, jose, hash-wasm)",
    passphrase,
    salt: toBase64(salt),
    kdf: vector.kdf,
    verifier: toBase64(derived.verifier),
    wrapped_key: toBase64(await wrap(okafor, derived.kek)),
    reader: { age: okafor.age, sign: okafor.sign, recipient: reader.ageRecipient, sign_public: reader.signPublic },
    inbox,
    recovery,
    desk,
    share: toBase64(await closeTo(desk, [reader.ageRecipient])),
    mark_key: toBase64(markKey),
    mark_closed: toBase64(await closeTo(toBase64Url(markKey), [await recipientOf(desk)])),
    mark_name: vector.mark_name,
    mark_born: vector.mark_born,
    mark: (await patientMark(markKey, vector.mark_name, vector.mark_born)) ?? "",
    signer: { ...vector.signer, sign_public: (await publicOf(dana)).signPublic },
    expected: vector.expected,
    to,
    rset: await rset(to),
    body: vector.body,
    sealed: "",
  };
  one.sealed = toBase64(await seal(wordsOf(one), one.signer.key_id, await signingKey(dana)));
  return one;
}
