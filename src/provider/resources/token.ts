import { isAbsolute } from "node:path";
import type { CreateToken, TokenCreated, TokenView } from "../../api/identity.ts";
import { writePrivateFile } from "../../client/credentials/private-file.ts";
import { isClientError } from "../../client/errors.ts";
import { type Api, keepSecret } from "../configuration.ts";
import type {
	Attribute,
	Attributes,
	Call,
	EphemeralType,
	Lease,
	PlainMap,
	ResourceType,
} from "../plugin/schema.ts";
import { emptyFault, textOf, textsOf } from "./checks.ts";
import { gone } from "./rbac.ts";

const secondsMax = 10 * 365 * 24 * 60 * 60;

/** What the token may do; nothing of a token can be changed. */
const wanted: Attributes = {
	name: {
		type: "string",
		mode: "required",
		replaces: true,
		description: "What it is for.",
		check: emptyFault,
	},
	service: {
		type: "bool",
		mode: "optional",
		replaces: true,
		description: "For a machine: it speaks for `service:<name>`, not for you.",
	},
	roles: {
		type: ["set", "string"],
		mode: "optional",
		replaces: true,
		description: "A service token: the roles it has. Your own: those of yours that count.",
	},
	units: {
		type: ["set", "string"],
		mode: "optional",
		replaces: true,
		description: "Patterns of the units that it reaches, such as `dev/*`.",
	},
	ttl_seconds: {
		type: "number",
		mode: "optional",
		replaces: true,
		description: "How long it is good.",
		check: (value) =>
			Number.isInteger(value) && Number(value) >= 1 && Number(value) <= secondsMax
				? null
				: "It must be a whole number of seconds, at least 1.",
	},
};

const told = (description: string): Attribute => ({
	type: "string",
	mode: "computed",
	description,
});

const identity: Attributes = {
	id: told("The public part of the token."),
	subject: told("For whom it speaks."),
	expires: told("When it ends, ISO 8601; null when it does not."),
};

const shortTtlSeconds = 60 * 60;

export const tokenResource: ResourceType<Api> = {
	description:
		"An API token that lasts. Its text is written once, into a file that only you can read; from there it goes into your secret store. The state has it only with `secret_in_state`. Where Terraform itself needs a token, use the ephemeral resource of the same name. A token that has ended is made anew by the next apply.",
	attributes: {
		...wanted,
		secret_file: {
			type: "string",
			mode: "optional",
			replaces: true,
			description:
				"Absolute path of the file for the token's text, mode 0600. What is there is replaced.",
			check: (value) => (isAbsolute(String(value)) ? null : "It must be an absolute path."),
		},
		secret_in_state: {
			type: "bool",
			mode: "optional",
			replaces: true,
			description:
				"Keep the token's text in the state, as `token`, to give it to other resources. Whoever reads the state then has the token.",
		},
		token: {
			...told("The token's text; null without `secret_in_state`."),
			sensitive: true,
		},
		...identity,
	},
	validate(config, isUnknown) {
		if (config.secret_in_state === true || textOf(config, "secret_file") !== undefined) return [];
		if (isUnknown("secret_file") || isUnknown("secret_in_state")) return [];
		const detail = "Set secret_file, or secret_in_state = true: the server tells it only once.";
		return [{ severity: "error", summary: "The token's text would be lost", detail }];
	},
	async create(planned, call) {
		const created = await make(planned, undefined, call);
		const path = textOf(planned, "secret_file");
		try {
			if (path !== undefined) await writePrivateFile(path, [Buffer.from(`${created.token}\n`)]);
		} catch (error) {
			await revoke(created.id, call.api);
			throw error;
		}
		return { ...shown(created), token: planned.secret_in_state === true ? created.token : null };
	},
	async read(state, { api, signal }) {
		const token = await found(api, textOf(state, "id") ?? "", signal);
		const hasEnded = token?.expires != null && Date.parse(token.expires) <= Date.now();
		return token === null || hasEnded ? null : { subject: token.subject, expires: token.expires };
	},
	remove: (state, { api }) => revoke(textOf(state, "id") ?? "", api),
};

export const ephemeralToken: EphemeralType<Api> = {
	description:
		"A short-lived API token for the time of one run: made when Terraform opens it, revoked when it closes it, and in no state or plan.",
	attributes: {
		...wanted,
		ttl_seconds: {
			...(wanted.ttl_seconds as Attribute),
			description: `How long it is good if the run never closes it; ${shortTtlSeconds} by default.`,
		},
		...identity,
		token: { ...told("The token's text."), sensitive: true },
	},
	async open(config, call) {
		const openedAt = Date.now();
		const created = await make(config, shortTtlSeconds, call);
		const ttl = Number(config.ttl_seconds ?? shortTtlSeconds);
		const lease = leaseOf({ id: created.id, ttl }, created.expires, openedAt);
		return { result: { ...shown(created), token: created.token }, ...lease };
	},
	async renew(text, { api, signal }) {
		const handle: Handle = JSON.parse(text);
		const renewedAt = Date.now();
		const { expires } = await api.identity.renewToken(handle.id, handle.ttl, { signal });
		return leaseOf(handle, expires, renewedAt);
	},
	close: (text, { api }) => revoke((JSON.parse(text) as Handle).id, api),
};

interface Handle {
	readonly id: string;
	readonly ttl: number;
}

/** Renewed at half its time; one that can end no later than this is not renewed any more. */
function leaseOf(handle: Handle, expires: string | null, nowMs: number): Lease {
	const text = JSON.stringify(handle);
	const left = expires === null ? 0 : Date.parse(expires) - nowMs;
	const isShortened = left < (handle.ttl * 1000) / 2;
	return { handle: text, renewAt: isShortened ? null : nowMs + left / 2 };
}

async function make(
	map: PlainMap,
	ttlDefault: number | undefined,
	{ api, signal }: Call<Api>,
): Promise<TokenCreated> {
	const [roles, units] = [textsOf(map, "roles"), textsOf(map, "units")];
	const ttl = typeof map.ttl_seconds === "number" ? map.ttl_seconds : ttlDefault;
	const request: CreateToken = {
		name: textOf(map, "name") ?? "",
		...(map.service === true ? { service: true } : {}),
		...(roles.length === 0 ? {} : { roles }),
		...(units.length === 0 ? {} : { units }),
		...(ttl === undefined ? {} : { ttl_seconds: ttl }),
	};
	const created = await api.identity.createToken(request, { signal });
	keepSecret(created.token);
	return created;
}

function shown({ id, subject, expires }: TokenCreated): PlainMap {
	return { id, subject, expires };
}

async function found(api: Api, id: string, signal: AbortSignal): Promise<TokenView | null> {
	try {
		return await api.identity.getToken(id, { signal });
	} catch (error) {
		if (isClientError(error, "not_found")) return null;
		throw error;
	}
}

function revoke(id: string, api: Api): Promise<void> {
	return gone(() => api.identity.revokeToken(id));
}
