/**
 * The certificate that the server shows: the operator's own files, or one of a small certificate
 * authority in the data folder, which terraform and curl trust with one line.
 */
import { createPrivateKey, X509Certificate as NodeCertificate } from "node:crypto";
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock } from "../core/ports/clock.ts";
import { type Random, randomId } from "../core/ports/random.ts";
import type { TlsConfig } from "./config.ts";
import { ConfigError } from "./setting-values.ts";

export interface TlsMaterial {
	/** PEM. */
	readonly certificate: string;
	readonly key: string;
	/** The authority's certificate, which clients must trust; null for the operator's own files. */
	readonly authorityPath: string | null;
}

export interface TlsDeps {
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
}

const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
const serverDays = 365;
const renewDaysBefore = 60;

/** The material for `config`, or null for plain http. Throws ConfigError for unusable files. */
export async function loadTls(
	deps: TlsDeps,
	config: TlsConfig,
	folder: string,
	names: readonly string[],
): Promise<TlsMaterial | null> {
	switch (config.kind) {
		case "none":
			return null;
		case "files":
			return await loadFiles(config.certificate, config.key, deps.clock.now());
		case "self-signed":
			return await selfSigned(deps, folder, names);
	}
}

async function loadFiles(certificate: string, key: string, now: number): Promise<TlsMaterial> {
	const [certificateText, keyText] = await Promise.all([
		readPem(certificate, "--tls-cert"),
		readPem(key, "--tls-key"),
	]);
	let parsed: NodeCertificate;
	try {
		parsed = new NodeCertificate(certificateText);
	} catch {
		throw new ConfigError("--tls-cert: the file does not hold a PEM certificate");
	}
	if (Date.parse(parsed.validTo) <= now) {
		throw new ConfigError("--tls-cert: the certificate has expired");
	}
	let isPair: boolean;
	try {
		isPair = parsed.checkPrivateKey(createPrivateKey(keyText));
	} catch {
		throw new ConfigError("--tls-key: the file does not hold a PEM private key without passphrase");
	}
	if (!isPair) throw new ConfigError("--tls-key: does not belong to the certificate of --tls-cert");
	return { certificate: certificateText, key: keyText, authorityPath: null };
}

async function readPem(path: string, flag: string): Promise<string> {
	try {
		return await readFile(path, "utf8");
	} catch (error) {
		const code = (error as { code?: string }).code ?? "unreadable";
		throw new ConfigError(`${flag}: the file cannot be read (${code})`);
	}
}

/** Names that the server's own certificate is for, each once: DNS names and IP addresses. */
export function certificateNames(extra: readonly string[]): string[] {
	const bare = extra.map((name) => name.replace(/^\[|\]$/g, "").toLowerCase());
	const own = hostname().toLowerCase();
	const all = ["localhost", "127.0.0.1", "::1", own, ...bare];
	return [...new Set(all)].filter((name) => name !== "" && name !== "0.0.0.0" && name !== "::");
}

async function selfSigned(
	deps: TlsDeps,
	folder: string,
	names: readonly string[],
): Promise<TlsMaterial> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	await chmod(folder, 0o700);
	const authorityPath = join(folder, "ca.pem");
	const serverPath = join(folder, "server-private.pem");
	const authority = await ensureAuthority(deps, folder);
	await writeAside(deps, authorityPath, authority.certificate, 0o644);
	const now = deps.clock.now();
	const stored = await readPair(serverPath);
	const server =
		stored !== null && isUsable(stored.certificate, authority.certificate, names, now)
			? stored
			: await issueServer(deps, authority, names);
	if (server !== stored) {
		await writeAside(deps, serverPath, server.certificate + server.key, 0o600);
	}
	return { ...server, authorityPath };
}

interface PemPair {
	readonly certificate: string;
	readonly key: string;
}

async function readPair(path: string): Promise<PemPair | null> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		if ((error as { code?: string }).code === "ENOENT") return null;
		throw error;
	}
	const block = (label: string) =>
		new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\\n?`).exec(text)?.[0];
	const certificate = block("CERTIFICATE");
	const key = block("PRIVATE KEY");
	return certificate === undefined || key === undefined ? null : { certificate, key };
}

function isUsable(
	certificate: string,
	authority: string,
	names: readonly string[],
	now: number,
): boolean {
	const own = new NodeCertificate(certificate);
	const remainingMs = Date.parse(own.validTo) - now;
	return (
		remainingMs > renewDaysBefore * dayMs &&
		own.checkIssued(new NodeCertificate(authority)) &&
		own.verify(new NodeCertificate(authority).publicKey) &&
		names.every(
			(name) => (isIP(name) === 0 ? own.checkHost(name) : own.checkIP(name)) !== undefined,
		)
	);
}

/** One authority per folder: of several first starts at once, the first to link its file wins. */
async function ensureAuthority(deps: TlsDeps, folder: string): Promise<PemPair> {
	const path = join(folder, "ca-private.pem");
	const stored = await readPair(path);
	if (
		stored !== null &&
		Date.parse(new NodeCertificate(stored.certificate).validTo) > deps.clock.now()
	) {
		return stored;
	}
	if (stored !== null) await rm(path, { force: true });
	const made = await issueAuthority(deps);
	const aside = `${path}.${randomId(deps.random)}`;
	await writeFile(aside, made.certificate + made.key, { mode: 0o600, flag: "wx" });
	try {
		await link(aside, path);
		return made;
	} catch (error) {
		const winner = (error as { code?: string }).code === "EEXIST" ? await readPair(path) : null;
		if (winner === null) throw error;
		return winner;
	} finally {
		await rm(aside, { force: true });
	}
}

async function writeAside(deps: TlsDeps, path: string, text: string, mode: number): Promise<void> {
	const aside = `${path}.${randomId(deps.random)}`;
	await writeFile(aside, text, { mode, flag: "wx" });
	await rename(aside, path);
}

const signing = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** The library is large and needed at most once a year. */
async function loadX509() {
	// One of its own dependencies refuses to load without this.
	await import("reflect-metadata");
	return await import("@peculiar/x509");
}

function makeKeys(): Promise<CryptoKeyPair> {
	return crypto.subtle.generateKey(signing, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

async function pemOfKey(key: CryptoKey): Promise<string> {
	const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64");
	return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}(?=.)/g, "$&\n")}\n-----END PRIVATE KEY-----\n`;
}

function serialNumber(random: Random): string {
	const bytes = random.bytes(16);
	bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
	return Buffer.from(bytes).toString("hex");
}

async function issueAuthority(deps: TlsDeps): Promise<PemPair> {
	const x509 = await loadX509();
	const keys = await makeKeys();
	const now = deps.clock.now();
	const certificate = await x509.X509CertificateGenerator.createSelfSigned({
		serialNumber: serialNumber(deps.random),
		name: `CN=OpenTaco local CA on ${hostname().replace(/[^A-Za-z0-9.-]/g, "-")}`,
		notBefore: new Date(now - dayMs),
		notAfter: new Date(now + authorityDays * dayMs),
		signingAlgorithm: signing,
		keys,
		extensions: [
			new x509.BasicConstraintsExtension(true, 0, true),
			new x509.KeyUsagesExtension(
				x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
				true,
			),
			await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
		],
	});
	return { certificate: `${certificate.toString("pem")}\n`, key: await pemOfKey(keys.privateKey) };
}

async function issueServer(
	deps: TlsDeps,
	authority: PemPair,
	names: readonly string[],
): Promise<PemPair> {
	const x509 = await loadX509();
	const keys = await makeKeys();
	const issuer = new x509.X509Certificate(authority.certificate);
	const der = Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ""), "base64");
	const signingKey = await crypto.subtle.importKey("pkcs8", der, signing, false, ["sign"]);
	const now = deps.clock.now();
	const certificate = await x509.X509CertificateGenerator.create({
		serialNumber: serialNumber(deps.random),
		subject: "CN=OpenTaco",
		issuer: issuer.subject,
		notBefore: new Date(now - dayMs),
		notAfter: new Date(now + serverDays * dayMs),
		signingAlgorithm: signing,
		publicKey: keys.publicKey,
		signingKey,
		extensions: [
			new x509.BasicConstraintsExtension(false, undefined, true),
			new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
			new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
			new x509.SubjectAlternativeNameExtension(
				names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
			),
			await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
			await x509.AuthorityKeyIdentifierExtension.create(issuer),
		],
	});
	return { certificate: `${certificate.toString("pem")}\n`, key: await pemOfKey(keys.privateKey) };
}
