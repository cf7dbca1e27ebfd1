# gcr-warden's command line, for those who run it as a Cloud Run job or a CronJob: docs/container.md.
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY tools/node-runtime/package.json tools/node-runtime/
RUN npm ci
COPY . .
RUN npm run bundle

FROM node:24-slim
WORKDIR /warden
COPY --from=build /src/package.json /src/LICENSE /opt/gcr-warden/
COPY --from=build /src/bin /opt/gcr-warden/bin
COPY --from=build /src/dist/cli /opt/gcr-warden/dist/cli
RUN ln -s /opt/gcr-warden/bin/gcr-warden.js /usr/local/bin/gcr-warden && chown node:node /warden
USER node
ENTRYPOINT ["gcr-warden"]
CMD ["--help"]
