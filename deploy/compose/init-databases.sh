#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: the warehouse with its three roles, and Prefect's own database.
# Passwords come from the environment; psql quotes them, and they stand in no command line.
set -eu
psql --set ON_ERROR_STOP=1 --quiet --dbname postgres <<'SQL'
create database alvh template template0 encoding 'UTF8';
SQL
psql --set ON_ERROR_STOP=1 --quiet --dbname alvh --file "${ROLES_SQL:-/etc/alvh/roles.sql}"
psql --set ON_ERROR_STOP=1 --quiet --dbname postgres <<'SQL'
\getenv owner_password OWNER_PASSWORD
\getenv writer_password WRITER_PASSWORD
\getenv reader_password READER_PASSWORD
\getenv prefect_password PREFECT_DB_PASSWORD
alter role alvh_owner password :'owner_password';
alter role alvh_writer password :'writer_password';
alter role alvh_reader password :'reader_password';
create role prefect login password :'prefect_password';
create database prefect owner prefect;
revoke all on database prefect from public;
SQL
