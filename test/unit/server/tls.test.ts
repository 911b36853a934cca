import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemRandom } from "../../../src/server/machine.ts";
import { ConfigError } from "../../../src/server/setting-values.ts";
import { certificateNames, loadTls } from "../../../src/server/tls.ts";
import { temporaryDirectory } from "../../support/tmpdir.ts";

const dayMs = 24 * 60 * 60 * 1000;
const selfSigned = { kind: "self-signed" } as const;

function depsAt(now: number) {
	return { clock: { now: () => now }, random: systemRandom };
}

test("a local authority signs for this machine's names, and is used again", async () => {
	await using folder = await temporaryDirectory("tls");
	const path = join(folder.path, "tls");
	const names = certificateNames(["taco.example", "0.0.0.0"]);
	expect(names).not.toContain("0.0.0.0");
	const now = Date.now();
	const [first, raced] = await Promise.all([
		loadTls(depsAt(now), selfSigned, path, names),
		loadTls(depsAt(now), selfSigned, path, names),
	]);
	if (first === null || raced === null || first.authorityPath === null) throw new Error("no TLS");
	const authority = new X509Certificate(await Bun.file(first.authorityPath).text());
	for (const made of [first, raced]) {
		const own = new X509Certificate(made.certificate);
		expect(own.verify(authority.publicKey)).toBe(true);
		for (const host of ["localhost", "taco.example"]) expect(own.checkHost(host)).toBe(host);
		for (const ip of ["127.0.0.1", "::1"]) expect(own.checkIP(ip)).toBe(ip);
	}
	expect(authority.ca).toBe(true);
	const again = await loadTls(depsAt(now + dayMs), selfSigned, path, names);
	expect([first.certificate, raced.certificate]).toContain(again?.certificate ?? "");
	for (const name of await readdir(path)) {
		const mode = (await stat(join(path, name))).mode & 0o777;
		expect([name, mode]).toEqual([name, name === "ca.pem" ? 0o644 : 0o600]);
	}
	expect((await readdir(path)).sort()).toEqual(["ca-private.pem", "ca.pem", "server-private.pem"]);
});

test("it is renewed before it expires, and when it lacks a name, by the same authority", async () => {
	await using folder = await temporaryDirectory("tls");
	const now = Date.now();
	const names = certificateNames([]);
	const first = await loadTls(depsAt(now), selfSigned, folder.path, names);
	const later = await loadTls(depsAt(now + 320 * dayMs), selfSigned, folder.path, names);
	expect(later?.certificate).not.toBe(first?.certificate);
	const named = await loadTls(depsAt(now), selfSigned, folder.path, [...names, "more.example"]);
	const own = new X509Certificate(named?.certificate ?? "");
	expect(own.checkHost("more.example")).toBe("more.example");
	const authority = new X509Certificate(await Bun.file(named?.authorityPath ?? "").text());
	for (const made of [first, later, named]) {
		expect(new X509Certificate(made?.certificate ?? "").verify(authority.publicKey)).toBe(true);
	}
});

test("files of the operator are checked before they are used", async () => {
	await using folder = await temporaryDirectory("tls");
	const now = Date.now();
	const made = await loadTls(depsAt(now), selfSigned, join(folder.path, "a"), ["localhost"]);
	const other = await loadTls(depsAt(now), selfSigned, join(folder.path, "b"), ["localhost"]);
	if (made === null || other === null) throw new Error("no TLS");
	const certificate = join(folder.path, "cert.pem");
	const [key, otherKey, junk] = ["key.pem", "other.pem", "junk.pem"].map((name) =>
		join(folder.path, name),
	) as [string, string, string];
	await writeFile(certificate, made.certificate);
	await writeFile(key, made.key);
	await writeFile(otherKey, other.key);
	await writeFile(junk, "SECRET");
	const load = (cert: string, own: string, at = now) =>
		loadTls(depsAt(at), { kind: "files", certificate: cert, key: own }, folder.path, []);
	expect(await load(certificate, key)).toMatchObject({ authorityPath: null });
	for (const [attempt, says] of [
		[() => load(certificate, otherKey), "does not belong"],
		[() => load(junk, key), "does not hold a PEM certificate"],
		[() => load(certificate, junk), "does not hold a PEM private key"],
		[() => load(join(folder.path, "absent"), key), "ENOENT"],
		[() => load(certificate, key, now + 400 * dayMs), "expired"],
	] as const) {
		const error = await attempt().catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(ConfigError);
		expect((error as Error).message).toContain(says);
		expect((error as Error).message).not.toContain("SECRET");
	}
});
