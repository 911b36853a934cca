/**
 * Digests of outputs: keyed, so that nobody who reads them can try values out, and over the
 * canonical form, so that equal values have equal digests however they are written. The key is made
 * once for each organization and never leaves the server.
 */
import { base58 } from "../../lib/base58.ts";
import { canonicalText, type ExactJson, parseExactJson } from "../../lib/exact-json.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Random } from "../ports/random.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import { graphCaller } from "./graph-caller.ts";

interface KeyDocument {
	readonly schema: 1;
	/** Hex. */
	readonly key: string;
}

const keyBytes = 32;
const keyForm = /^[0-9a-f]{64}$/;

function parseKey(value: unknown): KeyDocument {
	const document = value as Partial<KeyDocument> | null;
	if (document?.schema === 1 && typeof document.key === "string" && keyForm.test(document.key)) {
		return document as KeyDocument;
	}
	throw new DomainError("storage_corrupt", "the key of the graph's digests is damaged", {
		hint: "run `taco doctor` on the store",
	});
}

/** Makes digests with one key. */
export class Digester {
	readonly #key: Uint8Array;

	constructor(key: Uint8Array) {
		this.#key = key;
	}

	/** The digest of a value: base58 of the HMAC-SHA256 over its canonical form. */
	of(value: ExactJson): string {
		const hasher = new Bun.CryptoHasher("sha256", this.#key);
		hasher.update(canonicalText(value));
		return base58(hasher.digest());
	}

	/** As `of`, for a value's JSON text. @throws SyntaxError */
	ofText(text: string): string {
		return this.of(parseExactJson(text, limits.jsonDepthMax));
	}
}

/** The key, shared by all servers of an organization. */
export class DigestKey {
	readonly #register: Register<KeyDocument>;
	readonly #gate: Gate;
	readonly #random: Random;
	#digester: Digester | null = null;

	constructor(deps: RegisterDeps & { readonly gate: Gate }) {
		this.#register = new Register(deps, "graph-key", parseKey);
		this.#gate = deps.gate;
		this.#random = deps.random;
	}

	/** Reads the key once; the first server that asks makes it. Fails as Register.update. */
	async digester(): Promise<Digester> {
		if (this.#digester !== null) return this.#digester;
		const known = (await this.#register.read()).value;
		const { key } = known ?? (await this.#make());
		this.#digester = new Digester(Buffer.from(key, "hex"));
		return this.#digester;
	}

	async #make(): Promise<KeyDocument> {
		const grant = await this.#gate.authorize(graphCaller, "system.manage", everything);
		const fresh: KeyDocument = {
			schema: 1,
			key: Buffer.from(this.#random.bytes(keyBytes)).toString("hex"),
		};
		return await this.#register.update<KeyDocument>(grant, (value) =>
			value === null ? { operation: "graph.key", value: fresh, result: fresh } : { answer: value },
		);
	}
}
