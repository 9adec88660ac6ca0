# shellcheck shell=bash
# A SLURM of two pretended nodes with accounting: munged, mariadbd, slurmdbd, slurmctld, 2 slurmd. Sourced by "up".

# Memory limits need the kernel's memory controller, and this SLURM can use only version 1 of cgroups without systemd.
have_cgroup1() { [[ -w /sys/fs/cgroup/memory/cgroup.procs && -w /sys/fs/cgroup/freezer/cgroup.procs ]]; }

slurm_config() {
  local d=$SLURM_DIR track=linuxproc task=none limit=no
  if have_cgroup1; then track=cgroup task=cgroup limit=yes; fi
  mkdir -p "$d"/{etc,ctld,munge,mysql} "$d"/spool/{rlab1,rlab2}
  chown slurm: "$d/ctld"; chown munge: "$d/munge"; chown mysql: "$d/mysql"
  # cred_expire: a requeued job waits until its old credential is invalid; two minutes by default.
  # JobAcctGatherFrequency: sampling reads all of /proc once per job, far too much for 200 jobs.
  # DefMemPerCPU: a job that asks for nothing may hold 100 MB, and all CPUs can be used at once (128 * 100 < 32000).
  cat >"$d/etc/slurm.conf" <<CONF
ClusterName=rllab
SlurmctldHost=$HOST(127.0.0.1)
SlurmctldPort=$PORT_CTLD
SlurmUser=slurm
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$d/munge/socket,cred_expire=5
StateSaveLocation=$d/ctld
SlurmdSpoolDir=$d/spool/%n
SlurmctldPidFile=$d/ctld/pid
SlurmdPidFile=$d/spool/%n/pid
SlurmctldLogFile=$STATE/log/slurmctld.log
SlurmdLogFile=$STATE/log/%n.log
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/$track
TaskPlugin=task/$task
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=0
PropagateResourceLimits=NONE
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
SlurmdTimeout=60
MessageTimeout=10
TCPTimeout=5
MinJobAge=300
MaxArraySize=10001
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1,default_queue_depth=2000,bf_max_job_test=2000
PriorityType=priority/basic
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=$PORT_DBD
AccountingStoragePass=$d/munge/socket
AccountingStoreFlags=job_comment
NodeName=rlab[1-2] NodeHostname=$HOST NodeAddr=127.0.0.1 Port=[$((PORT_NODE + 1))-$((PORT_NODE + 2))] CPUs=128 RealMemory=32000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES DefaultTime=60 MaxTime=7-0
PartitionName=short Nodes=ALL DefaultTime=1 MaxTime=10
CONF
  # slurmd loads a cgroup plugin even if nothing uses it, and the one for version 2 wants systemd: always name v1.
  # No swapping: a job over its limit would otherwise live on in swap space instead of being killed.
  cat >"$d/etc/cgroup.conf" <<CONF
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
CgroupAutomount=no
ConstrainCores=no
ConstrainDevices=no
ConstrainRAMSpace=$limit
MemorySwappiness=0
CONF
  cat >"$d/etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$d/munge/socket
DbdHost=localhost
DbdPort=$PORT_DBD
SlurmUser=slurm
LogFile=$STATE/log/slurmdbd.log
PidFile=$d/ctld/dbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$PORT_SQL
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
  chown slurm: "$d/etc/slurmdbd.conf"; chmod 600 "$d/etc/slurmdbd.conf"
  # SLURM opens its log files as the user slurm
  local n; for n in slurmctld slurmdbd; do : >>"$STATE/log/$n.log"; chown slurm: "$STATE/log/$n.log"; done
}

# slurm_daemon NAME PORT ...: start it unless it lives
slurm_daemon() {
  local name=$1 port=$2; shift 2
  if alive "$name"; then return; fi
  if [[ $port != - ]]; then port_free "$port"; fi
  start "$name" "$@"
}
munge_ok()  { munge -n -S "$SLURM_DIR/munge/socket" | unmunge -S "$SLURM_DIR/munge/socket"; }
sql()       { mariadb --no-defaults --socket="$SLURM_DIR/mysql/socket" -e "$1"; }
ctld_ok()   { scontrol ping | grep -q 'is UP'; }
# every node registered, none "down" or "unknown"
nodes_ok()  { [[ $(sinfo -h -N -p main -t idle,mixed,allocated -o %N | wc -l) == "${#NODES[@]}" ]]; }

up_slurm() {
  local d=$SLURM_DIR n i=0
  slurm_config

  if [[ ! -s $d/munge/key ]]; then (umask 077; head -c 128 /dev/urandom >"$d/munge/key"); fi
  chown munge: "$d/munge/key"; chmod 400 "$d/munge/key"
  slurm_daemon munged - -u munge munged --foreground --socket="$d/munge/socket" --key-file="$d/munge/key" \
    --pid-file="$d/munge/pid" --log-file="$d/munge/log" --seed-file="$d/munge/seed"
  until_ok 10 munge_ok || { logs "$STATE/log/munged.log" "$d/munge/log"; die munged; }

  # Throw-away data: small files, no waiting for the disk.
  if [[ ! -d $d/mysql/data ]]; then
    rm -rf "$d/mysql/new"      # of a start that was interrupted
    mariadb-install-db --no-defaults --user=mysql --datadir="$d/mysql/new" --auth-root-authentication-method=socket \
      --skip-test-db --innodb-log-file-size=16M >"$STATE/log/mariadb-install.log" 2>&1 </dev/null \
      || { logs "$STATE/log/mariadb-install.log"; die mariadb-install-db; }
    mv "$d/mysql/new" "$d/mysql/data"
  fi
  slurm_daemon mariadbd "$PORT_SQL" mariadbd --no-defaults --user=mysql --datadir="$d/mysql/data" --socket="$d/mysql/socket" \
    --pid-file="$d/mysql/pid" --bind-address=127.0.0.1 --port="$PORT_SQL" --skip-name-resolve --performance-schema=0 \
    --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 \
    --innodb-lock-wait-timeout=900
  until_ok 30 sql 'select 1' || { logs "$STATE/log/mariadbd.log"; die mariadbd; }
  sql "create database if not exists slurm_acct_db; create user if not exists 'slurm'@'127.0.0.1' identified by 'slurm';
       grant all on slurm_acct_db.* to 'slurm'@'127.0.0.1'"

  # slurmdbd finds its configuration beside \$SLURM_CONF
  slurm_daemon slurmdbd "$PORT_DBD" -u slurm SLURM_CONF="$SLURM_CONF" slurmdbd -D
  if ! alive slurmctld; then
    until_ok 60 sacctmgr -n list cluster || { logs "$STATE/log/slurmdbd.log"; die slurmdbd; }
    if ! sacctmgr -n list cluster format=cluster | grep -w rllab >/dev/null; then sacctmgr -i -Q add cluster rllab >/dev/null; fi
  fi

  slurm_daemon slurmctld "$PORT_CTLD" -u slurm SLURM_CONF="$SLURM_CONF" slurmctld -D
  until_ok 30 ctld_ok || { logs "$STATE/log/slurmctld.log"; die slurmctld; }
  for n in "${NODES[@]}"; do
    i=$((i + 1))
    slurm_daemon "$n" $((PORT_NODE + i)) SLURM_CONF="$SLURM_CONF" slurmd -D -N "$n"
  done
  until_ok 60 nodes_ok || { sinfo -N >&2; logs "$STATE"/log/rlab?.log; die "slurmd"; }
  wrap /usr/bin squeue sacct sbatch scancel scontrol
}
