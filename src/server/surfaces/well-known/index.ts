/**
 * What others find out about this server without a credential: Terraform's service discovery, and
 * the public keys of its tokens. An expired token that comes along is not looked at: Terraform sends
 * the stored one even on its way to a new login.
 */
import { Elysia } from "elysia";
import { redirectPorts } from "../../../auth/oauth/redirect-uri.ts";
import { contextOf } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";

export const wellKnownPaths = ["/.well-known/terraform.json", "/oidc/jwks.json"] as const;

/** Relative URLs: right under every name and port by which a client reaches us. */
export const services = {
	"login.v1": {
		client: "terraform-cli",
		grant_types: ["authz_code"],
		authz: "/oauth/authorization",
		token: "/oauth/token",
		ports: [redirectPorts.first, redirectPorts.last],
	},
};

/** The surface; `more` are the services that other surfaces offer. */
export function wellKnownSurface(
	deps: Pick<SurfaceDeps, "identities">,
	more: Readonly<Record<string, unknown>> = {},
) {
	const hidden = { parse: "none", detail: { hide: true } } as const;
	return new Elysia({ name: "well-known" })
		.get(
			wellKnownPaths[0],
			({ request }) => {
				contextOf(request).operation = "discovery";
				return Response.json({ ...services, ...more });
			},
			hidden,
		)
		.get(
			wellKnownPaths[1],
			async ({ request }) => {
				contextOf(request).operation = "jwks";
				const keys = await (await deps.identities).keyring.publicKeys();
				return Response.json({ keys }, { headers: { "cache-control": "public, max-age=60" } });
			},
			hidden,
		);
}
