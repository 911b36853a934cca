/** What the platform reads out of a Terraform or OpenTofu state, and the one thing it may change. */
import { DomainError } from "../errors.ts";
import { JsonScanner } from "./json-scanner.ts";
import type { JsonKind, MemberReader } from "./member-reader.ts";
import { invalidState } from "./state-faults.ts";

/** Where something stands in the body: the first byte and the one after the last. */
export interface ByteRange {
	readonly start: number;
	readonly end: number;
}

export interface StateFacts {
	/** The state format's version; null only in an encrypted envelope. */
	readonly version: number | null;
	readonly terraformVersion: string | null;
	/** Null only in an encrypted envelope. */
	readonly serial: number | null;
	/** Null only in an encrypted envelope. */
	readonly lineage: string | null;
	/** The body is an OpenTofu-encrypted envelope: its content is opaque. */
	readonly encrypted: boolean;
	readonly sizeBytes: number;
	/** The digits of the serial; null when there is no serial. */
	readonly serialAt: ByteRange | null;
	/** Lower-case hex. */
	readonly sha256: string;
	/** Base64, as in Content-MD5 (RFC 1864). */
	readonly md5: string;
}

const lineageBytesMax = 1024;
const terraformVersionBytesMax = 256;
const numberBytesMax = 16;
/** Six bytes (`\u0041`) may stand for one. */
const escapedBytesPerByte = 6;

/** The top-level keys that matter, with how many bytes of their value are looked at. */
const fields = {
	version: numberBytesMax,
	terraform_version: terraformVersionBytesMax * escapedBytesPerByte,
	serial: numberBytesMax,
	lineage: lineageBytesMax * escapedBytesPerByte,
	encrypted_data: 0,
	encryption_version: 0,
	meta: 0,
} as const;

type Field = keyof typeof fields;

function isField(key: string): key is Field {
	return Object.hasOwn(fields, key);
}

/** The text between the quotes of a JSON string that the scanner has found valid. */
function unquote(raw: Uint8Array): string {
	return JSON.parse(`"${Buffer.from(raw).toString("utf8")}"`);
}

class StateReader implements MemberReader {
	version: number | null = null;
	terraformVersion: string | null = null;
	serial: number | null = null;
	serialAt: ByteRange | null = null;
	lineage: string | null = null;
	encryptedData = false;
	readonly seen = new Set<Field>();
	#field: Field | null = null;

	key(raw: Uint8Array | null, offset: number): number {
		this.#field = null;
		const text = raw === null ? "" : unquote(raw);
		// Go's decoder, which Terraform reads states with, takes keys in any case; were "Serial" let
		// through beside "serial", the platform and Terraform would read two different states.
		const folded = text.toUpperCase().toLowerCase();
		if (!isField(folded)) {
			return 0;
		}
		if (folded !== text) {
			throw invalidState(`the state spells the key "${folded}" in another case at byte ${offset}`);
		}
		if (this.seen.has(folded)) {
			throw invalidState(`the state holds the key "${folded}" twice, again at byte ${offset}`);
		}
		this.seen.add(folded);
		this.#field = folded;
		return fields[folded];
	}

	value(kind: JsonKind, raw: Uint8Array | null, start: number, end: number): void {
		switch (this.#field) {
			case "version":
				this.version = integer("version", 1, kind, raw, start);
				break;
			case "serial":
				this.serial = integer("serial", 0, kind, raw, start);
				this.serialAt = { start, end };
				break;
			case "lineage":
				this.lineage = text("lineage", lineageBytesMax, kind, raw, start);
				if (this.lineage === "") {
					throw invalidState(`the state's lineage is empty at byte ${start}`);
				}
				break;
			case "terraform_version":
				this.terraformVersion = text(
					"terraform_version",
					terraformVersionBytesMax,
					kind,
					raw,
					start,
				);
				break;
			case "encrypted_data":
				this.encryptedData = kind === "string";
				break;
			default:
		}
	}
}

function integer(
	name: string,
	min: number,
	kind: JsonKind,
	raw: Uint8Array | null,
	start: number,
): number {
	const digits = raw === null ? "" : Buffer.from(raw).toString("latin1");
	const value = Number(digits);
	if (
		kind !== "number" ||
		!/^(?:0|[1-9][0-9]*)$/.test(digits) ||
		value < min ||
		value > Number.MAX_SAFE_INTEGER
	) {
		throw invalidState(
			`the state's ${name} is not a whole number from ${min} to ${Number.MAX_SAFE_INTEGER} at byte ${start}`,
		);
	}
	return value;
}

function text(
	name: string,
	bytesMax: number,
	kind: JsonKind,
	raw: Uint8Array | null,
	start: number,
): string {
	if (kind !== "string") {
		throw invalidState(`the state's ${name} is not a string at byte ${start}`);
	}
	const value = raw === null ? null : unquote(raw);
	if (value === null || Buffer.byteLength(value) > bytesMax) {
		throw invalidState(`the state's ${name} is longer than ${bytesMax} bytes at byte ${start}`);
	}
	if (!value.isWellFormed()) {
		throw invalidState(`the state's ${name} holds half a surrogate pair at byte ${start}`);
	}
	return value;
}

/**
 * Checks a state while its bytes pass by and hashes them, in constant memory whatever its size.
 * The bytes themselves are never changed or re-serialised.
 */
export class StateScanner {
	readonly #reader = new StateReader();
	readonly #json = new JsonScanner(this.#reader);
	readonly #sha256 = new Bun.CryptoHasher("sha256");
	readonly #md5 = new Bun.CryptoHasher("md5");

	/**
	 * The next bytes, in pieces of any size.
	 * @throws DomainError `invalid_state` as soon as it is certain; of no use after that.
	 */
	push(chunk: Uint8Array): void {
		this.#json.push(chunk);
		this.#sha256.update(chunk);
		this.#md5.update(chunk);
	}

	/**
	 * Ends the body; to be called once. A state has `version` (a whole number from 1), `serial` (a
	 * whole number up to 2^53-1) and `lineage` (a string, not empty, at most 1 KiB). An encrypted
	 * envelope (`encrypted_data` with `encryption_version` or `meta`) may lack any of them.
	 * @throws DomainError `invalid_state`.
	 */
	finish(): StateFacts {
		this.#json.finish();
		const { version, terraformVersion, serial, serialAt, lineage, seen, encryptedData } =
			this.#reader;
		const encrypted = encryptedData && (seen.has("encryption_version") || seen.has("meta"));
		if (!encrypted) {
			for (const field of ["version", "serial", "lineage"] as const) {
				if (!seen.has(field)) {
					throw invalidState(`the body is not a state: it has no "${field}"`);
				}
			}
		}
		return {
			version,
			terraformVersion,
			serial,
			lineage,
			encrypted,
			sizeBytes: this.#json.offset,
			serialAt,
			sha256: this.#sha256.digest("hex"),
			md5: this.#md5.digest("base64"),
		};
	}
}

/** The facts of a whole state. @throws DomainError `invalid_state`. */
export function checkState(bytes: Uint8Array): StateFacts {
	const scanner = new StateScanner();
	scanner.push(bytes);
	return scanner.finish();
}

function serialDigits(serial: number): Uint8Array {
	if (!Number.isSafeInteger(serial) || serial < 0) {
		throw new DomainError("internal", "a serial is a whole number from 0 to 2^53-1");
	}
	return Buffer.from(String(serial), "latin1");
}

function misplaced(): DomainError {
	return new DomainError("storage_corrupt", "the stored state has no serial where it should be");
}

function expectDigits(bytes: Uint8Array): void {
	for (const byte of bytes) {
		if (byte < 0x30 || byte > 0x39) {
			throw misplaced();
		}
	}
}

/** How many bytes a state has after `replaceSerial`. */
export function sizeWithSerial(sizeBytes: number, serialAt: ByteRange, serial: number): number {
	return sizeBytes - (serialAt.end - serialAt.start) + serialDigits(serial).length;
}

/**
 * The state with another serial; no other byte changes.
 * @param serialAt of the same bytes, from `StateFacts`.
 * @throws DomainError `storage_corrupt` when no digits stand there.
 */
export function replaceSerial(
	bytes: Uint8Array,
	serialAt: ByteRange,
	serial: number,
): Uint8Array<ArrayBuffer> {
	const digits = serialDigits(serial);
	const { start, end } = serialAt;
	if (start < 0 || end <= start || end > bytes.length) {
		throw misplaced();
	}
	expectDigits(bytes.subarray(start, end));
	const out = new Uint8Array(sizeWithSerial(bytes.length, serialAt, serial));
	out.set(bytes.subarray(0, start));
	out.set(digits, start);
	out.set(bytes.subarray(end), start + digits.length);
	return out;
}

/**
 * `replaceSerial` for a body that streams, in constant memory.
 * The stream errors with DomainError `storage_corrupt` when no digits stand there.
 */
export function replaceSerialStream(
	serialAt: ByteRange,
	serial: number,
): TransformStream<Uint8Array, Uint8Array> {
	const digits = serialDigits(serial);
	const { start, end } = serialAt;
	let offset = 0;
	return new TransformStream<Uint8Array, Uint8Array>({
		transform(chunk, controller) {
			const from = Math.min(Math.max(start - offset, 0), chunk.length);
			const to = Math.min(Math.max(end - offset, 0), chunk.length);
			expectDigits(chunk.subarray(from, to));
			if (from > 0) {
				controller.enqueue(chunk.subarray(0, from));
			}
			if (offset <= start && start < offset + chunk.length) {
				controller.enqueue(digits);
			}
			if (to < chunk.length) {
				controller.enqueue(chunk.subarray(to));
			}
			offset += chunk.length;
		},
		flush() {
			if (end <= start || offset < end) {
				throw misplaced();
			}
		},
	});
}
