/** Outputs of a unit's states, for callers who may read the state and for those who may read no more than them. */
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import type { VerifiedBody } from "../state/body-store.ts";
import type { StateService } from "../state/service.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { type Output, OutputsScanner, ResourcesScanner } from "./extract.ts";

export interface OutputsServiceDeps {
	readonly states: StateService;
	readonly gate: Gate;
}

/** Reads outputs. */
export class OutputsService {
	readonly #deps: OutputsServiceDeps;
	/** By the SHA-256 of the state. */
	readonly #ready = new Map<string, readonly Output[]>();

	constructor(deps: OutputsServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * The outputs of the current state or of a version, in order of their names; none for a state
	 * that OpenTofu encrypted. Fails as StateService.read, with `too_large`, and with
	 * `unit_not_found` for whoever may read neither the state nor its outputs.
	 */
	async read(
		caller: Caller,
		id: UnitId,
		options: { readonly version?: number } = {},
	): Promise<readonly Output[]> {
		const { gate, states } = this.#deps;
		const mayRead = await gate.may(caller, "unit.read", id);
		if (!mayRead) await gate.authorize(caller, "unit.read-outputs", id);
		const reader = mayRead ? caller : { ...caller, principal: systemPrincipal };
		const read = await states.read(reader, id, options);
		const known = read.sha256 === null ? undefined : this.#ready.get(read.sha256);
		if (known !== undefined || read.version?.encrypted === true) {
			if (read.body instanceof ReadableStream) await read.body.cancel();
			return known ?? [];
		}
		const scanner = new OutputsScanner();
		await pushAll(scanner, read.body);
		const outputs = scanner.finish();
		if (read.sha256 !== null) this.#keep(read.sha256, outputs);
		return outputs;
	}

	/**
	 * Whether the current state has resources; no when there is no state, yes when it is encrypted.
	 * Fails as StateService.read.
	 */
	async hasResources(caller: Caller, id: UnitId): Promise<boolean> {
		try {
			const read = await this.#deps.states.read(caller, id);
			if (read.version?.encrypted === true) {
				if (read.body instanceof ReadableStream) await read.body.cancel();
				return true;
			}
			const scanner = new ResourcesScanner();
			await pushAll(scanner, read.body);
			return scanner.finish();
		} catch (error) {
			if (isDomainError(error, "no_state")) return false;
			throw error;
		}
	}

	#keep(sha256: string, outputs: readonly Output[]): void {
		if (Buffer.byteLength(JSON.stringify(outputs)) > limits.outputsCachedBytesMax) return;
		this.#ready.set(sha256, outputs);
		for (const oldest of this.#ready.keys()) {
			if (this.#ready.size <= limits.outputsCachedMax) break;
			this.#ready.delete(oldest);
		}
	}
}

async function pushAll(
	scanner: { push(chunk: Uint8Array): void },
	body: VerifiedBody,
): Promise<void> {
	if (body instanceof Uint8Array) scanner.push(body);
	else for await (const chunk of body) scanner.push(chunk);
}
