# docs/operations/installing.md says how to run it. Build: docker build -t evidence-ledger .
# Node.js and Debian by digest, for every platform of the tag: renewed by hand, after a look at what changed.
ARG NODE_IMAGE=node:22.23.3-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production EVIDENCE_DATA=/data
WORKDIR /opt/evidence-ledger
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/assets ./assets
COPY --from=build /build/dist ./dist
COPY --from=build /build/cli/evidence.mjs ./cli/evidence.mjs
# Owned by nobody who runs it: the code cannot change itself. /data and /tmp are all that is written to.
RUN groupadd --gid 10001 evidence \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin evidence \
 && mkdir /data && chown evidence:evidence /data && chmod 0700 /data
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/evidence-ledger/cli/evidence.mjs"]
CMD ["serve", "--host", "0.0.0.0"]
