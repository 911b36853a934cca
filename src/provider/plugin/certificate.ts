/**
 * A certificate for one process: P-256, self-signed, for `localhost`. Terraform is told it in the
 * handshake and trusts no other. Node has no generator of certificates, and the packages that have
 * one cost more start-up time than these lines.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
	/** PEM. */
	readonly key: string;
	/** PEM. */
	readonly cert: string;
	readonly der: Uint8Array;
}

const dayMs = 24 * 60 * 60 * 1000;
const validDays = 365;

const oid = {
	commonName: "0603550403",
	ecdsaWithSha256: "06082a8648ce3d040302",
	basicConstraints: "0603551d13",
	keyUsage: "0603551d0f",
	extendedKeyUsage: "0603551d25",
	subjectAltName: "0603551d11",
	serverAuth: "06082b06010505070301",
	clientAuth: "06082b06010505070302",
} as const;

function element(tag: number, ...content: Uint8Array[]): Buffer {
	const body = Buffer.concat(content);
	const { length } = body;
	const head =
		length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
	return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

const sequence = (...content: Uint8Array[]) => element(0x30, ...content);
const hex = (text: string) => Buffer.from(text, "hex");
const octets = (content: Uint8Array) => element(0x04, content);
const yes = hex("0101ff");

/** UTCTime (RFC 5280, 4.1.2.5.1): good until 2049. */
function time(ms: number): Buffer {
	const digits = new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14);
	return element(0x17, Buffer.from(`${digits}Z`));
}

export function makeCertificate(nowMs: number): Certificate {
	const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const algorithm = sequence(hex(oid.ecdsaWithSha256));
	const name = sequence(
		element(0x31, sequence(hex(oid.commonName), element(0x0c, Buffer.from("localhost")))),
	);
	const serial = randomBytes(16);
	// Positive, and without a needless leading zero.
	serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
	const extensions = sequence(
		sequence(hex(oid.basicConstraints), yes, octets(sequence(yes))),
		// digitalSignature and keyCertSign.
		sequence(hex(oid.keyUsage), yes, octets(hex("03020284"))),
		sequence(hex(oid.extendedKeyUsage), octets(sequence(hex(oid.serverAuth), hex(oid.clientAuth)))),
		sequence(hex(oid.subjectAltName), octets(sequence(element(0x82, Buffer.from("localhost"))))),
	);
	const body = sequence(
		element(0xa0, hex("020102")),
		element(0x02, serial),
		algorithm,
		name,
		sequence(time(nowMs - dayMs), time(nowMs + validDays * dayMs)),
		name,
		publicKey.export({ type: "spki", format: "der" }),
		element(0xa3, extensions),
	);
	const signature = sign("sha256", body, privateKey);
	const der = sequence(body, algorithm, element(0x03, Buffer.from([0]), signature));
	return {
		key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
		cert: certificatePem(der),
		der,
	};
}

/** Lines of 64 (RFC 7468), none of them empty: after an empty one readers expect the data. */
export function certificatePem(der: Uint8Array): string {
	const lines =
		Buffer.from(der)
			.toString("base64")
			.match(/.{1,64}/g) ?? [];
	return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
