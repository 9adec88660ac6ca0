# shellcheck shell=bash
# A Son of Grid Engine with one host and one queue, in a private SGE_ROOT: sge_qmaster and sge_execd. Sourced by "up".

SGE_SLOTS=320

sge_root() {
  local d=$SGE_DIR sub
  mkdir -p "$d"/{bin,lib,utilbin} "$d/default/common" "$d/spool"/{qmaster/job_scripts,db,execd}
  for sub in bin lib utilbin; do ln -sfn "$SGE_BIN" "$d/$sub/lx-amd64"; done
  ln -sfn /usr/share/gridengine/util "$d/util"
  cat >"$d/default/common/bootstrap" <<CONF
admin_user sgeadmin
default_domain none
ignore_fqdn false
spooling_method berkeleydb
spooling_lib libspoolb
spooling_params $d/spool/db
binary_path /usr/sbin
qmaster_spool_dir $d/spool/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
CONF
  echo localhost >"$d/default/common/act_qmaster"
  # Every name of this machine means "localhost". Otherwise the master knows itself by two names (forward and
  # reverse look-up differ on most machines) and refuses its own requests.
  printf '%s\n' localhost "$(hostname)" "$(hostname -f 2>/dev/null)" | awk 'NF && !seen[$0]++' | paste -sd' ' >"$d/default/common/host_aliases"
  chown -R sgeadmin: "$d/default" "$d/spool"
}

# The whole configuration goes into the database before the master's first start.
sge_database() {
  local d=$SGE_DIR c=$SGE_DIR/conf share=/usr/share/gridengine
  rm -rf "$c"; mkdir -p "$c"/{pes,exechosts,adminhosts,submithosts}
  # gid_range: each running job takes one group id, the default has 101. accounting_flush_time: qacct must know a job at once.
  sed -e "s|^execd_spool_dir .*|execd_spool_dir $d/spool/execd|" \
      -e 's/^load_report_time .*/load_report_time 00:00:05/' \
      -e 's/^reporting_params .*/reporting_params accounting=true reporting=false flush_time=00:00:01 accounting_flush_time=00:00:00 joblog=false sharelog=00:00:00/' \
      -e 's/^gid_range .*/gid_range 41000-41999/' \
      -e 's|^mailer .*|mailer /bin/true|' \
      -e 's/^execd_params .*/execd_params ENABLE_ADDGRP_KILL=TRUE/' \
      "$share/default-configuration" >"$c/global"
  cp -r "$share/util/resources/centry" "$c/complexes"
  printf '%s\n' 'name gpu' 'shortcut gpu' 'type INT' 'relop <=' 'requestable YES' 'consumable YES' 'default 0' 'urgency 0' >"$c/complexes/gpu"
  sed "s/^slots .*/slots $SGE_SLOTS/" "$share/util/resources/pe/smp" >"$c/pes/smp"
  echo 'hostname localhost' | tee "$c/adminhosts/localhost" >"$c/submithosts/localhost"
  printf '%s\n' 'hostname localhost' 'load_scaling NONE' 'complex_values gpu=4' 'user_lists NONE' 'xuser_lists NONE' \
    'projects NONE' 'xprojects NONE' 'usage_scaling NONE' 'report_variables NONE' >"$c/exechosts/localhost"
  chmod -R a+rX "$c"
  local put=(setpriv --reuid=sgeadmin --regid=sgeadmin --init-groups "$SGE_BIN/spooldefaults")
  (
    cd /
    setpriv --reuid=sgeadmin --regid=sgeadmin --init-groups "$SGE_BIN/spoolinit" berkeleydb libspoolb "$d/spool/db" init
    "${put[@]}" configuration "$c/global"
    for kind in complexes pes adminhosts submithosts exechosts; do "${put[@]}" "$kind" "$c/$kind"; done
    "${put[@]}" usersets "$share/util/resources/usersets"
    "${put[@]}" managers root sgeadmin
  )
}

sge_master_ok() { "$SGE_BIN/qconf" -sss; }
# a sixth column would be the queue's state: u (no word from execd), a (alarm) and so on
sge_queue_ok()  { "$SGE_BIN/qstat" -f | awk '/^all\.q@/ { ok = NF == 5 } END { exit !ok }'; }

up_sge() {
  local d=$SGE_DIR
  getent hosts "$(hostname)" >/dev/null || die "the host name $(hostname) does not resolve: SGE needs a line in /etc/hosts"
  sge_root
  if [[ ! -e $d/database-made ]]; then
    rm -rf "$d"/spool/db/*
    sge_database >"$STATE/log/sge-database.log" 2>&1 || { logs "$STATE/log/sge-database.log"; die "SGE's database"; }
    : >"$d/database-made"
  fi
  if ! alive sge_qmaster; then
    port_free "$PORT_QMASTER"
    start sge_qmaster "${SGE_VARS[@]}" SGE_ND=1 "$SGE_BIN/sge_qmaster"      # SGE_ND: stay in the foreground
    until_ok 30 sge_master_ok || { logs "$STATE/log/sge_qmaster.log" "$d/spool/qmaster/messages"; die sge_qmaster; }
    # The rest only a running master takes. Schedule every second and at each submission and end, whatever the load.
    "$SGE_BIN/qconf" -ssconf | sed -e 's/^schedule_interval .*/schedule_interval 0:0:1/' \
      -e 's/^flush_\(submit\|finish\)_sec .*/flush_\1_sec 1/' -e 's/^job_load_adjustments .*/job_load_adjustments NONE/' >"$d/conf/schedule"
    "$SGE_BIN/qconf" -Msconf "$d/conf/schedule" >>"$STATE/log/sge-database.log" 2>&1
    # load_thresholds: by default a busy machine takes no jobs, and a test machine is busy
    if ! "$SGE_BIN/qconf" -sq all.q >/dev/null 2>&1; then
      "$SGE_BIN/qconf" -sq | sed -e 's/^\(qname\) .*/\1 all.q/' -e 's/^\(hostlist\) .*/\1 localhost/' -e 's/^\(slots\) .*/\1 '"$SGE_SLOTS/" \
        -e 's/^\(load_thresholds\) .*/\1 NONE/' -e 's/^\(pe_list\) .*/\1 smp/' -e 's|^\(shell\) .*|\1 /bin/bash|' \
        -e 's/^\(shell_start_mode\) .*/\1 unix_behavior/' -e 's/^\(notify\) .*/\1 00:00:05/' >"$d/conf/queue"
      "$SGE_BIN/qconf" -Aq "$d/conf/queue" >>"$STATE/log/sge-database.log" 2>&1
    fi
  fi
  if ! alive sge_execd; then start sge_execd "${SGE_VARS[@]}" SGE_ND=1 "$SGE_BIN/sge_execd"; fi
  until_ok 60 sge_queue_ok || { "$SGE_BIN/qstat" -f >&2; logs "$STATE/log/sge_execd.log" "$d"/spool/execd/*/messages; die sge_execd; }
  wrap "$SGE_BIN" qsub qstat qacct qdel
}
