# Dagster on its SQLite instance: a job of three ops that do nothing, in process; then the same job with a process per op (its default), fewer times.
import json, logging, os, statistics, tempfile, time

os.environ["DAGSTER_HOME"] = tempfile.mkdtemp(prefix="dagster-")
with open(os.path.join(os.environ["DAGSTER_HOME"], "dagster.yaml"), "w") as settings:
    settings.write("telemetry: { enabled: false }\n")
# Dagster captures what is printed.
answers = os.dup(1)
from dagster import DagsterInstance, In, Nothing, execute_job, in_process_executor, job, op, reconstructable

logging.disable(logging.CRITICAL)


@op
def one():
    pass


@op(ins={"start": In(Nothing)})
def two():
    pass


@op(ins={"start": In(Nothing)})
def three():
    pass


@job(executor_def=in_process_executor)
def inside():
    three(two(one()))


@job
def processes():
    three(two(one()))


def seconds(work):
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def main():
    with DagsterInstance.get() as instance:
        run = lambda: inside.execute_in_process(instance=instance)
        for _ in range(2):
            run()
        singles = [seconds(run) for _ in range(5)]
        # One after the other: in threads of one process its capture of output blocks for ever.
        whole = sum(singles)
        own = reconstructable(processes)
        outside = [seconds(lambda: execute_job(own, instance=instance)) for _ in range(1)]
    answer = {
        "medianMs": statistics.median(singles) * 1000,
        "perSecond": len(singles) / whole,
        "processesMs": statistics.median(outside) * 1000,
    }
    os.write(answers, f"\n{json.dumps(answer)}\n".encode())


if __name__ == "__main__":
    main()
