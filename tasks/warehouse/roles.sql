-- Three roles for the warehouse in the database this is run in, as described in docs/postgresql.md:
--   alvh_owner   makes and changes tables: `alvh migrate`, nothing else
--   alvh_writer  reads and changes rows: the nightly run
--   alvh_reader  reads: `alvh query`, dashboards, people
-- Run by a superuser, or a role that may create roles. It may be run again. Passwords are not set here.

do $$
declare
  role_name text;
begin
  foreach role_name in array array['alvh_owner', 'alvh_writer', 'alvh_reader'] loop
    if not exists (select from pg_roles where rolname = role_name) then
      execute format('create role %I login', role_name);
    end if;
  end loop;
end $$;
grant alvh_owner to current_user;

do $$
begin
  execute format('alter database %I owner to alvh_owner', current_database());
  execute format('revoke all on database %I from public', current_database());  -- connecting, temporary tables
  execute format('grant connect on database %I to alvh_writer, alvh_reader', current_database());
end $$;

revoke create on schema public from public;  -- before version 15 everybody may
grant usage, create on schema public to alvh_owner;
grant usage on schema public to alvh_writer, alvh_reader;

-- the tables that the owner will make, and those there are
alter default privileges for role alvh_owner in schema public
  grant select, insert, update, delete on tables to alvh_writer;
alter default privileges for role alvh_owner in schema public
  grant select on tables to alvh_reader;
grant select, insert, update, delete on all tables in schema public to alvh_writer;
grant select on all tables in schema public to alvh_reader;

alter role alvh_reader set default_transaction_read_only = on;
alter role alvh_reader set statement_timeout = '5min';
