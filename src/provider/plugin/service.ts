/** The calls of plugin protocol 6, answered from a provider's declarations. */
import * as messages from "../wire/messages.ts";
import {
	type Decoded,
	decodeMessage,
	type Encodable,
	encodeMessage,
	type Message,
} from "../wire/protobuf.ts";
import { applied, planChange, refreshed } from "./change.ts";
import {
	type Diagnostic,
	encodableDiagnostic,
	type PathStep,
	ProviderError,
} from "./diagnostic.ts";
import type { UnaryCall } from "./grpc.ts";
import type { Attributes, Call, Lease, PlainMap, Provider, Validate } from "./schema.ts";
import { capabilities, encodableSchema } from "./schema-message.ts";
import {
	decodeObject,
	encodeObject,
	hasUnknown,
	known,
	objectFromJson,
	type ValueMap,
} from "./value.ts";

interface Typed {
	readonly attributes: Attributes;
	readonly validate?: Validate;
}

/** One provider process: configured once, asked many times. */
export class ProviderService<Api> {
	readonly #provider: Provider<Api>;
	#api: Api | null = null;
	/** The configuration holds values that are known only after apply. */
	#isDeferred = false;
	#stopping = new AbortController();

	constructor(provider: Provider<Api>) {
		this.#provider = provider;
	}

	/** By gRPC path. */
	calls(): ReadonlyMap<string, UnaryCall> {
		const calls = new Map<string, UnaryCall>();
		const add = <Q extends Message, R extends Message>(
			name: string,
			request: Q,
			response: R,
			answer: (request: Decoded<Q>, session: Session) => Promise<Encodable<R>> | Encodable<R>,
		) => {
			calls.set(`/tfplugin6.Provider/${name}`, async (bytes, signal) => {
				const stop = AbortSignal.any([signal, this.#stopping.signal]);
				const session = new Session(stop, (error) => this.#provider.explain(error));
				const decoded = decodeMessage(request, bytes);
				const answered = await session.guard(() => answer(decoded, session));
				const { diagnostics } = session;
				return encodeMessage(response, { ...answered, diagnostics } as unknown as Encodable<R>);
			});
		};
		this.#addSchemas(add);
		this.#addConfiguration(add);
		this.#addResources(add);
		this.#addOthers(add);
		return calls;
	}

	#addSchemas(add: Add): void {
		const { resources, dataSources, ephemerals, attributes, description } = this.#provider;
		const named = (types: object) => Object.keys(types).map((typeName) => ({ typeName }));
		add("GetMetadata", messages.Empty, messages.GetMetadata, () => ({
			serverCapabilities: capabilities,
			resources: named(resources),
			dataSources: named(dataSources),
			ephemeralResources: named(ephemerals),
		}));
		const schemas = (types: Readonly<Record<string, Typed & { description: string }>>) =>
			Object.fromEntries(
				Object.entries(types).map(([name, type]) => [name, encodableSchema(type)]),
			);
		add("GetProviderSchema", messages.Empty, messages.GetProviderSchema, () => ({
			provider: encodableSchema({ attributes, description }),
			resourceSchemas: schemas(resources),
			dataSourceSchemas: schemas(dataSources),
			ephemeralResourceSchemas: schemas(ephemerals),
			serverCapabilities: capabilities,
		}));
	}

	#addConfiguration(add: Add): void {
		const provider = this.#provider;
		add(
			"ValidateProviderConfig",
			messages.ProviderConfigRequest,
			messages.ValidateProviderConfigResponse,
			(request, session) => validate(provider, request.config, session),
		);
		add(
			"ConfigureProvider",
			messages.ConfigureRequest,
			messages.DiagnosticsResponse,
			async (request) => {
				const config = decodeObject(provider.attributes, request.config);
				this.#isDeferred = config !== null && Object.values(config).some(hasUnknown);
				if (!this.#isDeferred)
					this.#api = await provider.configure(known(provider.attributes, config ?? {}));
				return {};
			},
		);
		add("StopProvider", messages.Empty, messages.Empty, () => {
			this.#stopping.abort();
			this.#stopping = new AbortController();
			return {};
		});
		add(
			"ValidateResourceConfig",
			messages.ValidateResourceRequest,
			messages.DiagnosticsResponse,
			(request, session) => {
				const type = typeOf<Typed>(provider.resources, request.typeName);
				if (request.clientCapabilities?.writeOnlyAttributesAllowed !== true) {
					refuseWriteOnly(type, request.config, session);
				}
				return validate(type, request.config, session);
			},
		);
		for (const [name, types] of [
			["ValidateDataResourceConfig", provider.dataSources],
			["ValidateEphemeralResourceConfig", provider.ephemerals],
		] as const) {
			add(name, messages.TypedConfig, messages.DiagnosticsResponse, (request, session) =>
				validate(typeOf<Typed>(types, request.typeName), request.config, session),
			);
		}
	}

	#addResources(add: Add): void {
		const { resources } = this.#provider;
		add("UpgradeResourceState", messages.UpgradeRequest, messages.UpgradeResponse, (request) => {
			const { attributes } = typeOf(resources, request.typeName);
			if (request.rawState === undefined || request.rawState.json.length === 0) {
				throw new ProviderError("The stored state is too old", "Import the resource again.");
			}
			return { upgradedState: encodeObject(objectFromJson(attributes, request.rawState.json)) };
		});
		add("ReadResource", messages.ReadRequest, messages.ReadResponse, async (request, session) => {
			const type = typeOf(resources, request.typeName);
			const state = decodeObject(type.attributes, request.currentState);
			if (state === null) return { newState: encodeObject(null) };
			session.otherwise({ newState: encodeObject(state), private: request.private });
			const found = await type.read(known(type.attributes, state), this.#call(session));
			const fresh = found === null ? null : refreshed(type.attributes, state, found);
			return { newState: encodeObject(fresh), private: request.private };
		});
		add("PlanResourceChange", messages.PlanRequest, messages.PlanResponse, (request) => {
			const { attributes } = typeOf(resources, request.typeName);
			const { planned, replaces } = planChange(
				attributes,
				decodeObject(attributes, request.priorState),
				decodeObject(attributes, request.proposedNewState),
				decodeObject(attributes, request.config),
			);
			return {
				plannedState: encodeObject(planned),
				requiresReplace: replaces.map((name) => ({ steps: [{ attributeName: name }] })),
				plannedPrivate: request.priorPrivate,
			};
		});
		add("ApplyResourceChange", messages.ApplyRequest, messages.ApplyResponse, (request, session) =>
			this.#apply(request, session),
		);
		add("ImportResourceState", messages.ImportRequest, messages.ImportResponse, (request) => {
			const { attributes, importFrom } = typeOf(resources, request.typeName);
			if (importFrom === undefined) {
				throw new ProviderError(
					"The resource cannot be imported",
					`A ${request.typeName} is only known to the state that created it.`,
				);
			}
			const given = importFrom(request.id);
			const empty = Object.fromEntries(Object.keys(attributes).map((name) => [name, null]));
			const state = encodeObject({ ...empty, ...given } as ValueMap);
			return { importedResources: [{ typeName: request.typeName, state }] };
		});
	}

	async #apply(
		request: Decoded<typeof messages.ApplyRequest>,
		session: Session,
	): Promise<Encodable<typeof messages.ApplyResponse>> {
		const type = typeOf(this.#provider.resources, request.typeName);
		const { attributes } = type;
		const prior = decodeObject(attributes, request.priorState);
		const planned = decodeObject(attributes, request.plannedState);
		session.otherwise({ newState: encodeObject(prior), private: request.plannedPrivate });
		const config = known(attributes, decodeObject(attributes, request.config) ?? {});
		const call = this.#call(session, config);
		let state: ValueMap | null = null;
		if (planned === null) {
			if (prior !== null) await type.remove(known(attributes, prior), call);
		} else {
			const given =
				prior === null
					? await type.create(known(attributes, planned), call)
					: ((await type.update?.(known(attributes, planned), known(attributes, prior), call)) ??
						{});
			state = applied(attributes, planned, given);
		}
		return { newState: encodeObject(state), private: request.plannedPrivate };
	}

	#addOthers(add: Add): void {
		const { dataSources, ephemerals } = this.#provider;
		const merged = (attributes: Attributes, config: ValueMap | null, given: PlainMap) => {
			const empty = Object.fromEntries(Object.keys(attributes).map((name) => [name, null]));
			return encodeObject({ ...empty, ...config, ...given } as ValueMap);
		};
		add(
			"ReadDataSource",
			messages.TypedConfig,
			messages.ReadDataResponse,
			async (request, session) => {
				const { attributes, read } = typeOf(dataSources, request.typeName);
				const config = decodeObject(attributes, request.config);
				const given = await read(known(attributes, config ?? {}), this.#call(session));
				return { state: merged(attributes, config, given) };
			},
		);
		add(
			"OpenEphemeralResource",
			messages.TypedConfig,
			messages.OpenResponse,
			async (request, session) => {
				const { attributes, open } = typeOf(ephemerals, request.typeName);
				const config = decodeObject(attributes, request.config);
				const opened = await open(known(attributes, config ?? {}), this.#call(session));
				return { result: merged(attributes, config, opened.result), ...leaseMessage(opened) };
			},
		);
		add(
			"RenewEphemeralResource",
			messages.CloseRequest,
			messages.RenewResponse,
			async (request, session) => {
				const { renew } = typeOf(ephemerals, request.typeName);
				return leaseMessage(await renew(handleOf(request), this.#call(session)));
			},
		);
		add(
			"CloseEphemeralResource",
			messages.CloseRequest,
			messages.DiagnosticsResponse,
			async (request, session) => {
				const { close } = typeOf(ephemerals, request.typeName);
				await close(handleOf(request), this.#call(session));
				return {};
			},
		);
	}

	#call(session: Session, config: PlainMap = {}): Call<Api> {
		if (this.#api === null) {
			throw this.#isDeferred
				? new ProviderError(
						"The provider is not configured yet",
						"Its configuration depends on values that are known only after apply. Apply those first (-target), or use values that are known.",
					)
				: new ProviderError("The provider is not configured", "It got no configuration.");
		}
		return {
			api: this.#api,
			config,
			signal: session.signal,
			warn: (summary, detail) => session.tell({ severity: "warning", summary, detail }),
		};
	}
}

type Add = <Q extends Message, R extends Message>(
	name: string,
	request: Q,
	response: R,
	answer: (request: Decoded<Q>, session: Session) => Promise<Encodable<R>> | Encodable<R>,
) => void;

/** One call: what it tells the user, and what it answers when it fails. */
class Session {
	readonly signal: AbortSignal;
	readonly #explain: Provider<unknown>["explain"];
	readonly #told: Diagnostic[] = [];
	#fallback: object = {};

	constructor(signal: AbortSignal, explain: Provider<unknown>["explain"]) {
		this.signal = signal;
		this.#explain = explain;
	}

	get diagnostics() {
		return this.#told.map(encodableDiagnostic);
	}

	tell(diagnostic: Diagnostic): void {
		this.#told.push(diagnostic);
	}

	/** The answer if the call fails from here on. */
	otherwise(answer: object): void {
		this.#fallback = answer;
	}

	/** Failures become diagnostics: as errors of gRPC they would be shown as faults of the plugin. */
	async guard<T extends object>(work: () => Promise<T> | T): Promise<T | object> {
		try {
			return await work();
		} catch (error) {
			const { summary, detail } = this.#explain(error);
			const at = error instanceof ProviderError ? error.at : undefined;
			this.tell({ severity: "error", summary, detail, at });
			return this.#fallback;
		}
	}
}

function typeOf<T>(types: Readonly<Record<string, T>>, name: string): T {
	const type = Object.hasOwn(types, name) ? types[name] : undefined;
	if (type === undefined) throw new ProviderError("Unknown type", "The provider has no such type.");
	return type;
}

function handleOf(request: Decoded<typeof messages.CloseRequest>): string {
	return Buffer.from(request.private).toString("utf8");
}

function leaseMessage({ handle, renewAt }: Lease) {
	return {
		private: Buffer.from(handle),
		...(renewAt === null
			? {}
			: { renewAt: { seconds: Math.floor(renewAt / 1000), nanos: (renewAt % 1000) * 1e6 } }),
	};
}

/** A client that does not know write-only attributes would keep their values in the state. */
function refuseWriteOnly(
	{ attributes }: Typed,
	value: Decoded<typeof messages.DynamicValue> | undefined,
	session: Session,
): void {
	const given = decodeObject(attributes, value) ?? {};
	for (const [name, { writeOnly }] of Object.entries(attributes)) {
		if (!writeOnly || (given[name] ?? null) === null) continue;
		session.tell({
			severity: "error",
			summary: "A write-only attribute is not possible here",
			detail: "It needs Terraform 1.11 or OpenTofu 1.11, or later ones.",
			at: name,
		});
	}
}

function validate(
	type: Typed,
	value: Decoded<typeof messages.DynamicValue> | undefined,
	session: Session,
): object {
	const given = decodeObject(type.attributes, value) ?? {};
	const config = known(type.attributes, given);
	checkValues(type.attributes, config, [], session);
	const isUnknown = (name: string) => hasUnknown(given[name] ?? null);
	for (const diagnostic of type.validate?.(config, isUnknown) ?? []) session.tell(diagnostic);
	return {};
}

function checkValues(
	attributes: Attributes,
	config: PlainMap,
	into: readonly PathStep[],
	session: Session,
): void {
	for (const [name, { check, nested }] of Object.entries(attributes)) {
		const given = config[name] ?? null;
		if (given === null) continue;
		// Inside of an expression Terraform finds the place by the key that is written there.
		const at: PathStep[] = into.length === 0 ? [name] : [...into, { key: name }];
		if (nested !== undefined) checkValues(nested, given as PlainMap, at, session);
		const problem = check?.(given) ?? null;
		if (problem === null) continue;
		session.tell({ severity: "error", summary: `Invalid value for ${name}`, detail: problem, at });
	}
}
