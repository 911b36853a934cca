/** What the parts of the S3 surface share. */
import type { Sts } from "../../../auth/sts/credentials.ts";
import { collectPayload, openPayload, type Payload } from "../../../auth/sts/payload.ts";
import type { Core } from "../../../core/core.ts";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { Organizations } from "../../../core/organization/organizations.ts";
import type { BlobStore, StreamBody } from "../../../core/ports/blob-store.ts";
import type { Clock } from "../../../core/ports/clock.ts";
import type { Log } from "../../../core/ports/log.ts";
import type { Random } from "../../../core/ports/random.ts";
import type { Principal } from "../../../core/principal.ts";
import type { S3Request } from "./request.ts";

/** What the surface is given. */
export interface S3SurfaceDeps {
	readonly organizations: Organizations;
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	readonly authentication:
		| {
				readonly kind: "signature";
				readonly sts: Sts;
				/** What the principal is now; null: the login behind the credentials has ended. */
				readonly renewPrincipal: (principal: Principal) => Promise<Principal | null>;
		  }
		/** `--auth-disable`: everybody is this principal. */
		| { readonly kind: "open"; readonly principal: Principal };
	readonly stateBytesMax: number;
}

/** The same for one bucket. */
export interface S3Deps extends S3SurfaceDeps {
	/** Of the organization that the bucket is. */
	readonly core: Core;
	/** The organization's, for the parts of uploads. */
	readonly store: BlobStore;
}

function tooLarge(bytesMax: number): DomainError {
	return new DomainError("too_large", `the state is larger than ${bytesMax} bytes`, {
		hint: "raise OPENTACO_MAX_STATE_BYTES if such a state is intended",
		details: { limitBytes: bytesMax },
	});
}

/** The body of the request, verified as it is read. */
export function payloadOf(request: S3Request): Payload {
	return openPayload(request.verified, request.headers, request.body);
}

/** A small body, whole. Fails with StsFault, or `too_large` naming `what`. */
export async function readSmall(
	request: S3Request,
	bytesMax: number,
	what: string,
): Promise<Uint8Array> {
	return await collectPayload(
		payloadOf(request),
		bytesMax,
		() =>
			new DomainError("too_large", `${what} is larger than ${bytesMax} bytes`, {
				details: { limitBytes: bytesMax },
			}),
	);
}

/**
 * A body of up to `bytesMax`: in hand when it is small, else to come.
 * Fails with StsFault, `too_large`, `length_required`.
 */
export async function readLarge(
	payload: Payload,
	bytesMax: number,
	request: S3Request,
): Promise<Uint8Array | StreamBody> {
	const { sizeBytes } = payload;
	if (sizeBytes !== null && sizeBytes > bytesMax) {
		await payload.stream.cancel().catch(() => undefined);
		throw tooLarge(bytesMax);
	}
	if (sizeBytes !== null && sizeBytes > limits.bufferedBodyBytesMax) {
		request.context.allowSlow();
		return { stream: payload.stream, size: sizeBytes };
	}
	const unsizedMax = Math.min(bytesMax, limits.unsizedBodyBytesMax);
	return await collectPayload(payload, unsizedMax, () =>
		unsizedMax === bytesMax
			? tooLarge(bytesMax)
			: new DomainError(
					"length_required",
					`a body of more than ${unsizedMax} bytes needs a Content-Length`,
				),
	);
}

/** Reads the XML of a request. */
export async function readXmlBody(request: S3Request): Promise<Uint8Array> {
	return await readSmall(request, limits.xmlBodyBytesMax, "the XML document");
}

/** Headers that every answer about an object has. */
export function objectHeaders(facts: {
	readonly etag: string;
	readonly modified: number;
	readonly versionId: string;
}): Record<string, string> {
	return {
		etag: facts.etag,
		"last-modified": new Date(facts.modified).toUTCString(),
		"x-amz-version-id": facts.versionId,
	};
}
