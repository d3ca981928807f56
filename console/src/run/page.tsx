/** The page of one run. What it shows is loaded with the first run. */
import { useEffect } from "preact/hooks";
import { useRefresh } from "../api/refresh";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { Titled } from "../shell/app";
import { pageAt } from "../shell/router";
import { Problem, Skeleton } from "../ui/states";
import { lazily } from "../ui/lazy";

const loadView = async () => (await import("./view")).RunView;
const RunView = lazily(loadView);

export function RunPage({ flow, id }: { flow: string; id: string }) {
  const path = { flow_name: flow, execution_id: id };
  const run = useLoad(`run ${flow} ${id}`, (signal) => ask(api.GET("/run/{flow_name}/{execution_id}", { params: { path }, signal })));
  const status = run.data?.status;
  useEffect(() => void loadView().catch(() => undefined), []); // while the run is under way; `RunView` says if it fails
  useRefresh(status === "RUNNING", status, run.reload);
  if (run.data) return <RunView run={run.data} error={run.error} reload={run.reload} />;
  return (
    <Titled title={flow}>
      {run.error === undefined ? (
        <Skeleton rows={6} />
      ) : (
        <>
          <Problem error={run.error} retry={run.reload} />
          <p>
            <a href={`${pageAt("runs")}?flow=${encodeURIComponent(flow)}`}>All runs of {flow}</a>
          </p>
        </>
      )}
    </Titled>
  );
}
