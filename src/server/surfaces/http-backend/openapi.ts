/** Terraform's HTTP backend in the words of OpenAPI, which has no place for LOCK and UNLOCK. */

const unlockText =
	"UNLOCK on the unit's own address does the same, and so does DELETE there with a lock's id. Without a lock's id it breaks the lock, as `terraform force-unlock` does";

const state = {
	"application/json": {
		schema: { type: "object", description: "A state, exactly as the client wrote it" },
	},
};
const lockInfo = {
	"application/json": {
		schema: {
			type: "object",
			description: "A lock info, with every field that the client sent",
			properties: { ID: { type: "string" }, Who: { type: "string" } },
		},
	},
};

const claim = {
	name: "ID",
	in: "query",
	description: "The id of the lock that the client holds",
	schema: { type: "string" },
};

const failures = {
	400: { description: "The request, or the state, cannot be understood" },
	401: { description: "No valid token" },
	403: { description: "The caller may not do this" },
	409: { description: "A lock that is not held any more, or a newer state" },
	423: { description: "Somebody else holds the lock; the body is its info", content: lockInfo },
	503: { description: "The storage does not answer: send the request again" },
};

function operation(operationId: string, summary: string, more: Record<string, unknown>) {
	const { responses, ...rest } = more as { responses: Record<string, unknown> };
	return {
		operationId,
		summary,
		tags: ["Terraform backend"],
		security: [{ basic: [] }, { bearer: [] }],
		...rest,
		responses: { ...responses, ...failures },
	};
}

const done = { 200: { description: "Done" } };
const locked = { 200: { description: "Locked", content: lockInfo } };
const write = { parameters: [claim], requestBody: { required: true, content: state } };
const parameters = [
	{
		name: "id",
		in: "path",
		required: true,
		description: "The unit's id; its `/` may stand as they are",
		schema: { type: "string" },
	},
];

/** The paths of the surface. */
export const backendPaths: Readonly<Record<string, unknown>> = {
	"/v1/backend/{id}": {
		parameters,
		description: "Takes LOCK and UNLOCK as well: `/lock` and `/unlock` below it do the same",
		get: operation("backendRead", "The current state", {
			responses: {
				200: { description: "The exact bytes", content: state },
				204: { description: "The unit has no state yet" },
				404: { description: "There is no such unit" },
			},
		}),
		post: operation("backendWrite", "Write a new state", { ...write, responses: done }),
		put: operation("backendWriteByPut", "The same as POST", { ...write, responses: done }),
		delete: operation("backendDelete", "Delete the unit, or unlock it when a lock's id is sent", {
			parameters: [claim],
			responses: done,
		}),
	},
	"/v1/backend/{id}/lock": {
		parameters,
		post: operation("backendLock", "Lock the unit; LOCK on the unit's own address does the same", {
			requestBody: { required: true, content: lockInfo },
			responses: locked,
		}),
	},
	"/v1/backend/{id}/unlock": {
		parameters,
		post: operation("backendUnlock", `Release the lock. ${unlockText}`, {
			parameters: [claim],
			requestBody: { required: false, content: lockInfo },
			responses: done,
		}),
	},
};
